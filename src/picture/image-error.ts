import { UserError } from "../util/errors.js";

export type ImageProblem =
  /** neither PNG nor JPEG */
  | "format"
  /** truncated, corrupt, or no picture in it */
  | "damaged"
  | "too-large"
  /** nothing drawn on it */
  | "blank";

/** Why a picture cannot be read. */
export class ImageError extends UserError {
  /** @param predicate a sentence without its subject: "is neither a PNG nor a JPEG file" */
  constructor(
    readonly problem: ImageProblem,
    readonly predicate: string,
  ) {
    super(`The image ${predicate}.`);
    this.name = "ImageError";
  }
}
