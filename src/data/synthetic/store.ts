import { rm } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileErrorReason, makeDirectory, writeFileAtomic } from "../../util/atomic-write.js";
import { UserError } from "../../util/errors.js";
import { imagePixels } from "../../util/image-size.js";
import { catalog, filesOf } from "../catalog.js";
import type { DownloadProgress } from "../download.js";
import { encodeIdx } from "../idx.js";
import { findInCache } from "../locate.js";
import type { Split } from "../split.js";
import { checkFiles, splitsOf } from "../verify.js";
import { generateDigit } from "./generate.js";

/** The set is fixed, as MNIST is: the seed of a run does not change it. */
const seed = 0;
/** Up to this number generating takes less time than reading the whole set. */
const fewDigits = 4_000;
/** Digits generated between two turns of the event loop. */
const digitsPerTurn = 500;

interface SyntheticOptions {
  limitTrain?: number;
  limitTest?: number;
  signal?: AbortSignal;
  onProgress?(progress: DownloadProgress): void;
  onNotice?(message: string): void;
}

/**
 * The synthetic digits, read from the cache, where they lie as IDX files, else generated and stored there.
 * @returns at least as many digits as the limits ask for
 * @throws the signal's reason where it is aborted
 */
export async function obtainSynthetic(options: SyntheticOptions): Promise<{ train: Split; test: Split; source: string }> {
  const { trainImages, testImages } = catalog.synthetic.files;
  const trainDigits = trainImages.dimensions[0];
  const testDigits = testImages.dimensions[0];
  const train = Math.min(options.limitTrain ?? trainDigits, trainDigits);
  const test = Math.min(options.limitTest ?? testDigits, testDigits);
  if (train + test <= fewDigits) return { ...(await generate(train, test, options)), source: "generated" };
  const cached = await readCache();
  if (cached) return cached;
  const generated = await generate(trainDigits, testDigits, options);
  const source = await writeCache(generated, options);
  return { ...generated, source };
}

/**
 * @param train digits of the training split @param test digits of the test split
 * @throws the signal's reason where it is aborted
 */
export async function generate(train: number, test: number, options: SyntheticOptions): Promise<{ train: Split; test: Split }> {
  const total = train + test;
  let done = 0;
  const split = async (number: 0 | 1, n: number): Promise<Split> => {
    const images = new Uint8Array(n * imagePixels);
    const labels = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      labels[i] = generateDigit(seed, number, i, images.subarray(i * imagePixels, (i + 1) * imagePixels));
      if (++done % digitsPerTurn === 0 || done === total) {
        options.onProgress?.({ file: "synthetic digits", received: done, total, unit: "digits" });
        await nextTurn();
        options.signal?.throwIfAborted();
      }
    }
    return { images, labels };
  };
  return { train: await split(0, train), test: await split(1, test) };
}

async function readCache(): Promise<{ train: Split; test: Split; source: string } | undefined> {
  const location = findInCache("synthetic");
  if (location.files.size < filesOf(catalog.synthetic).length) return undefined;
  const checks = await checkFiles(catalog.synthetic, location);
  // Files of another version, or damaged ones, are replaced.
  if (checks.some(({ problem }) => problem)) return undefined;
  return { ...splitsOf(checks), source: location.directory };
}

/** Stores the digits; where the cache cannot be written, the next run generates them too. @returns Dataset.source */
async function writeCache({ train, test }: { train: Split; test: Split }, options: SyntheticOptions): Promise<string> {
  const { directory } = findInCache("synthetic");
  const contents = [train.images, train.labels, test.images, test.labels];
  try {
    await makeDirectory(directory);
    const write = async (data: Uint8Array, i: number) => {
      const file = filesOf(catalog.synthetic)[i];
      const final = path.join(directory, file.name);
      await writeFileAtomic(final, encodeIdx(file.dimensions, data));
      // A compressed copy was stored by an older version.
      await rm(`${final}.gz`, { force: true });
    };
    await Promise.all(contents.map(write));
    return directory;
  } catch (error) {
    const reason = error instanceof UserError ? error.message : `Cannot write ${directory}: ${fileErrorReason(error) ?? String(error)}.`;
    options.onNotice?.(`The synthetic digits could not be kept for the next run: ${reason}`);
    return "generated";
  }
}
