import { accessSync, closeSync, constants, openSync, statfsSync, writeSync } from "node:fs";
import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DatasetName } from "../config/types.js";
import type { Dataset } from "../data/datasets.js";
import type { Split } from "../engine/engine.js";
import { fileErrorReason } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";

/**
 * A dataset that the parent has unpacked and verified once, for all trainers to read: one temporary file that never leaves the
 * page cache. Unpacking and hashing cost a trainer 300 ms of a core, reading this 20 ms.
 */
export interface SharedDataset {
  /** Training images, training labels, test images, test labels, one after the other. */
  file: string;
  trainSamples: number;
  testSamples: number;
  name: DatasetName;
  classNames: string[];
  normalization: { mean: number; std: number };
}

const imageBytes = 784;
/** Read at the same time, on Node's four threads for files: half the time goes into handing out the memory that is read into. */
const pieceBytes = 12 * 2 ** 20;
const sharedMemory = "/dev/shm";
/** Of the temporary folders, one a run. */
const prefix = "mnist-tui-dataset-";
/** No run takes as long to hand its dataset over: the process that made an older folder was killed meanwhile. */
const staleMilliseconds = 3600 * 1000;

/** @throws UserError where the temporary folder cannot be written */
export async function shareDataset(dataset: Dataset): Promise<SharedDataset> {
  let folder: string | undefined;
  try {
    const parts = [dataset.train.images, dataset.train.labels, dataset.test.images, dataset.test.labels];
    const place = placeFor(parts.reduce((sum, { length }) => sum + length, 0));
    await removeStale(place);
    folder = await mkdtemp(join(place, prefix));
    const file = join(folder, "dataset");
    writeParts(file, parts);
    return {
      file,
      trainSamples: dataset.train.labels.length,
      testSamples: dataset.test.labels.length,
      name: dataset.name,
      classNames: [...dataset.classNames],
      normalization: dataset.normalization,
    };
  } catch (error) {
    if (folder) await rm(folder, { recursive: true, force: true });
    const reason = fileErrorReason(error);
    throw reason ? new UserError(`Cannot write to the temporary folder ${tmpdir()}: ${reason}; name another in TMPDIR.`) : error;
  }
}

/** Memory, where Linux offers some as a folder: a disk that is busy can take 200 ms to take 55 MB. A folder named in TMPDIR goes first. */
function placeFor(bytes: number): string {
  if (process.env.TMPDIR) return tmpdir();
  try {
    accessSync(sharedMemory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(sharedMemory);
    if (bavail * bsize >= 2 * bytes) return sharedMemory;
  } catch {
    // Another system, or not ours to write.
  }
  return tmpdir();
}

/** Folders that this user may not remove stay. */
async function removeStale(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(place, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > staleMilliseconds) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** Removes the file once every trainer has read it, or when there is nothing to train any more. */
export async function unshareDataset(shared: SharedDataset): Promise<void> {
  await rm(dirname(shared.file), { recursive: true, force: true });
}

/**
 * @param train filled with the training split
 * @returns the test split, in memory of its own
 */
export async function readSharedDataset({ file, trainSamples, testSamples }: SharedDataset, train: Split): Promise<Split> {
  const test = { images: new Uint8Array(testSamples * imageBytes), labels: new Uint8Array(testSamples) };
  const handle = await open(file);
  const readPiece = async (piece: Uint8Array, position: number) => {
    for (let done = 0; done < piece.length; ) {
      const { bytesRead } = await handle.read(piece, done, piece.length - done, position + done);
      if (bytesRead === 0) throw new Error(`${file} is shorter than its ${trainSamples} and ${testSamples} samples`);
      done += bytesRead;
    }
  };
  try {
    const pieces: Promise<void>[] = [];
    let position = 0;
    for (const part of [train.images, train.labels, test.images, test.labels]) {
      for (let first = 0; first < part.length; first += pieceBytes) {
        const piece = part.subarray(first, first + pieceBytes);
        pieces.push(readPiece(piece, position));
        position += piece.length;
      }
    }
    await Promise.all(pieces);
  } finally {
    await handle.close();
  }
  return test;
}

function writeParts(file: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length; ) done += writeSync(descriptor, part, done, part.length - done);
    }
  } finally {
    closeSync(descriptor);
  }
}
