import type { NormalizedImage, PictureDigit } from "../picture/read.js";
import type { Classification } from "./classifier.js";

/** A picture's digits and what a network reads in them. */

export interface DigitAnswer extends Classification {
  /** [784] the way of framing it that the network reads best */
  pixels: Float32Array;
  /** Left, top, width and height in the upright picture, in its pixels. */
  box: PictureDigit["box"];
}

export interface PictureAnswer {
  /** Of the largest digit. */
  answer: DigitAnswer;
  /** All, from left to right; one or more. */
  digits: DigitAnswer[];
  warnings: string[];
}

/** Two digits that stand close are told apart where each is read with this part of the confidence in both as one. */
const asConfident = 0.9;

/** @param classify one answer an image of [784], in their order */
export async function answerPicture(
  image: NormalizedImage,
  classify: (images: Float32Array[]) => Promise<Classification[]>,
): Promise<PictureAnswer> {
  const images = image.digits.flatMap(imagesOf);
  const answers = await classify(images);
  let at = 0;
  const take = (digit: PictureDigit): DigitAnswer[] => {
    const ways = [digit.pixels, ...digit.others].map((pixels) => ({ ...answers[at++], pixels, box: digit.box }));
    const best = ways.reduce((top, way) => (confidence(way) > confidence(top) ? way : top));
    const parts = digit.parts?.flatMap(take) ?? [];
    const apart = parts.length > 1 && Math.min(...parts.map(confidence)) >= asConfident * confidence(best);
    return apart ? parts : [best];
  };
  const digits = image.digits.flatMap(take);
  const answer = digits.reduce((largest, next) => (area(next) > area(largest) ? next : largest));
  const warnings =
    digits.length > 1
      ? [
          `${digits.length} digits are on the picture: ${digits.map(({ name }) => name).join(" ")} from left to right; ${answer.name} is the largest.`,
        ]
      : [];
  return { answer, digits, warnings };
}

function imagesOf({ pixels, others, parts }: PictureDigit): Float32Array[] {
  return [pixels, ...others, ...(parts?.flatMap(imagesOf) ?? [])];
}

function confidence({ label, probabilities }: Classification): number {
  return probabilities[label];
}

function area({ box: [, , width, height] }: DigitAnswer): number {
  return width * height;
}
