import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { defaultImageLimits } from "../picture/decode.js";
import { ImageError } from "../picture/image-error.js";
import { type NormalizedImage, readImage } from "../picture/read.js";
import { answerPicture, type PictureAnswer } from "../predict/answer.js";
import { type Classification, type Classifier, openClassifier } from "../predict/classifier.js";
import { modelLines } from "../predict/description.js";
import { bestModel, findModels } from "../predict/models.js";
import { formatPercent } from "../ui/format.js";
import { overviewLines, predictionLines } from "../ui/prediction-text.js";
import { type TerminalTraits, terminalTraits } from "../ui/terminal.js";
import { fileErrorReason } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { addModelOptions, type ModelFlags } from "./options.js";
import { colorWanted, outputIsTerminal, writeNotice, writeOutput, writeText } from "./output.js";
import { pictureFiles, pictureKinds } from "./picture-files.js";

interface PredictOptions extends ModelFlags {
  json?: boolean;
  ascii?: boolean;
}

/** Far above any photo; keeps an endless pipe from filling the memory. */
const maxInputBytes = 256 * 2 ** 20;

/** `mnist-tui predict IMAGE…`: the digits that a trained model reads in pictures. */
export function predictCommand(): Command {
  return addModelOptions(new Command("predict"))
    .description("read the digit (or article) in pictures with a trained model")
    .argument(
      "<image...>",
      "pictures of any size (PNG, JPEG, WebP, GIF, TIFF, BMP, AVIF), folders of them, or patterns; - reads one from standard input",
    )
    .option("--json", "one JSON object an image on standard output")
    .option("--ascii", "no characters beyond ASCII")
    .addHelpText(
      "after",
      "\nExamples:\n  mnist-tui predict digit.png photo.jpg\n  mnist-tui predict photos/ 'scans/*.png'\n  cat digit.png | mnist-tui predict - --json\n",
    )
    .action(async (images: string[], options: PredictOptions) => {
      if (images.filter((image) => image === "-").length > 1)
        throw new UserError("Standard input (-) can be read only once; name it once.", 2);
      const source = await bestModel(await findModels(options));
      const classifier = await openClassifier(source.dir, { engine: options.engine, threads: 1 });
      try {
        if (!options.json) writeText(`${(await modelLines([source])).join("\n")}\n`, options);
        for (const image of images) if (!(await predictAll(image, classifier, options))) process.exitCode = 1;
      } finally {
        await classifier.dispose();
      }
    });
}

/** @returns whether all files that the name stands for could be read */
async function predictAll(name: string, classifier: Classifier, options: PredictOptions): Promise<boolean> {
  let complete = true;
  try {
    for (const file of await pictureFiles(name)) complete = (await predictOne(file, classifier, options)) && complete;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    writeNotice(`mnist-tui: ${error.message}`, options);
    return false;
  }
  return complete;
}

/** @returns whether the image could be read; the reason why not goes to stderr, and the next image follows */
async function predictOne(image: string, classifier: Classifier, options: PredictOptions): Promise<boolean> {
  try {
    const bytes = image === "-" ? await readInput() : await readPicture(image);
    const started = performance.now();
    const normalized = await readImage(bytes, classifier.style, { ...defaultImageLimits, formats: "all" });
    const answer = await answerPicture(normalized, (images) => classifyAll(images, classifier));
    const ms = Math.round((performance.now() - started) * 100) / 100;
    writeOutput(options.json ? jsonLine(image, answer, classifier, ms) : report(image, normalized, answer, classifier, traitsFor(options)));
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = error instanceof ImageError ? `${named(image)} ${error.predicate}; expected a picture of a digit.` : error.message;
    writeNotice(`mnist-tui: ${message}`, options);
    return false;
  }
}

function classifyAll(images: readonly Float32Array[], classifier: Classifier): Promise<Classification[]> {
  const all = new Float32Array(784 * images.length);
  for (const [i, image] of images.entries()) all.set(image, 784 * i);
  return classifier.classify(all);
}

function jsonLine(image: string, { answer, digits, warnings }: PictureAnswer, { dir }: Classifier, ms: number): string {
  const { label, name, probabilities } = answer;
  const several = digits.length > 1 && {
    digits: digits.map((digit) => ({ label: digit.label, name: digit.name, probabilities: digit.probabilities, box: digit.box })),
    warnings,
  };
  return `${JSON.stringify({ image, label, name, probabilities, ...several, checkpoint: dir, ms })}\n`;
}

function report(
  image: string,
  { steps, overview }: NormalizedImage,
  { answer: { label, name, probabilities, pixels }, digits, warnings }: PictureAnswer,
  { info }: Classifier,
  traits: TerminalTraits,
): string {
  const made = steps.join(", ");
  const several = digits.length > 1 && overview;
  const boxed = digits.map((digit) => ({ ...digit, probability: digit.probabilities[digit.label] }));
  const lines = [
    "",
    `${named(image)}: ${several ? digits.map((digit) => digit.name).join(" ") : `${name} (${formatPercent(probabilities[label], 1)})`}`,
    traits.charset === "ascii" ? made.replaceAll("×", "x") : made,
    ...warnings,
    ...(several
      ? overviewLines(overview, boxed, traits)
      : predictionLines({ pixels, label, probabilities, classNames: info.classNames }, traits)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Without colours half blocks would show two shades only, where the ramp shows ten. */
function traitsFor({ ascii }: PredictOptions): TerminalTraits {
  const color = colorWanted();
  const traits = terminalTraits({ env: process.env, ascii: ascii === true || !color, color });
  return outputIsTerminal() ? traits : { ...traits, depth: 1 };
}

function named(image: string): string {
  return image === "-" ? "standard input" : image;
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = fileErrorReason(error);
    if (!reason) throw error;
    throw new UserError(`Cannot read ${path}: ${reason}; expected a ${pictureKinds} file.`);
  }
}

async function readInput(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (length > maxInputBytes) throw new UserError(`Standard input is larger than ${maxInputBytes / 2 ** 20} MiB; expected one picture.`);
  }
  return Buffer.concat(parts);
}
