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

/** Of 7,293 sevens of MNIST 51 look like a 1 with a long upstroke; the network is surer than this of 47 of them, and of 3 in 21 such ones that it takes for a 7. */
const surely = 0.96;
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
    // Any bare stroke is read as a 1, so two of them do not say that they are no 4.
    const bare = parts.every(({ name }) => name === "1") && confidence(best) >= asConfident;
    const apart = parts.length > 1 && !bare && Math.min(...parts.map(confidence)) >= asConfident * confidence(best);
    return apart ? parts : [digit.upstroke ? asOne(best) : best];
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

/** A 7 that is drawn as a 1 with a long upstroke, and of which the network is not sure: both change places. Others stay as they are. */
function asOne(answer: DigitAnswer): DigitAnswer {
  const { name, probabilities } = answer;
  if (name !== "7" || probabilities[7] >= surely) return answer;
  const swapped = [...probabilities];
  [swapped[1], swapped[7]] = [probabilities[7], probabilities[1]];
  return { ...answer, label: 1, name: "1", probabilities: swapped };
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
