import { UserError } from "../util/errors.js";

export type ImageProblem =
  /** of no format that is read */
  | "format"
  /** truncated, corrupt, or no picture in it */
  | "damaged"
  | "too-large"
  /** nothing drawn on it */
  | "blank";

/** Why a picture cannot be read. */
export class ImageError extends UserError {
  /** @param predicate a sentence without its subject: "is neither a PNG, a JPEG nor a WebP file" */
  constructor(
    readonly problem: ImageProblem,
    readonly predicate: string,
  ) {
    super(`The image ${predicate}.`);
    this.name = "ImageError";
  }
}
