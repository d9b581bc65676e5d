import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { State, Tensor } from "../engine/contract/state.js";
import { errorCode, exists, fileErrorReason, replaceDirectory, settledDirectory, writeFileAtomic } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import type { CheckpointInfo, WholeInfo } from "./checkpoint-info.js";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "./safetensors.js";

/**
 * A checkpoint is a folder: weights.safetensors (parameters and batch-norm statistics under PyTorch's names, ready for
 * load_state_dict), optimizer.safetensors (its slots, where resuming is wanted) and model.json (the model of the weights, and the
 * digests of both files). It is replaced as a whole, so a crash leaves the old or the new one.
 */

const weightsFile = "weights.safetensors";
const optimizerFile = "optimizer.safetensors";
const infoFile = "model.json";
const batchesTracked = ".num_batches_tracked";

export interface Checkpoint {
  state: State;
  info: CheckpointInfo;
}

/**
 * Writes or replaces the checkpoint folder `dir` as a whole.
 * @param options optimizer: also write the optimizer's slots, which an exact resume needs
 * @throws UserError where the folder cannot be written; an older checkpoint is then still there
 */
export async function saveCheckpoint(dir: string, checkpoint: Checkpoint, options: { optimizer: boolean }): Promise<void> {
  const { state, info } = checkpoint;
  const contents = new Map([[weightsFile, encodeSafetensors(weightTensors(state), { format: "pt" })]]);
  if (options.optimizer) contents.set(optimizerFile, encodeSafetensors(slotTensors(state), { format: "pt" }));
  const files = Object.fromEntries([...contents].map(([name, bytes]) => [name, digest(bytes)]));
  const stored = { ...info, format: 1 as const, step: state.step, files };
  await replaceDirectory(dir, async (temporary) => {
    for (const [name, bytes] of contents) await writeFile(join(temporary, name), bytes);
    await writeFile(join(temporary, infoFile), `${JSON.stringify(stored, null, 2)}\n`);
  });
}

/**
 * Reads a checkpoint and verifies every file's digest. A trainer may replace the folder meanwhile: then the new one is read.
 * @throws UserError naming the file: missing, unreadable, altered (expected and found digest) or not a checkpoint
 */
export async function loadCheckpoint(dir: string): Promise<Checkpoint> {
  for (let attempt = 1; ; attempt++) {
    const place = await settledDirectory(dir);
    const before = await identity(place);
    try {
      return await readCheckpoint(place);
    } catch (error) {
      const replaced = (await settledDirectory(dir)) !== place || (await identity(place)) !== before;
      if (!replaced || attempt === 5) throw error;
    }
  }
}

/** Reads a checkpoint's model.json alone. @throws UserError as loadCheckpoint */
export async function readCheckpointInfo(dir: string): Promise<CheckpointInfo> {
  const path = join(await settledDirectory(dir), infoFile);
  return parse(path);
}

/** Writes the name of a renamed run into a checkpoint's model.json. Where there is no checkpoint, or a damaged one, nothing is changed. */
export async function nameCheckpoint(dir: string, run: string): Promise<void> {
  const path = join(await settledDirectory(dir), infoFile);
  let info: object;
  try {
    info = { ...JSON.parse(await readFile(path, "utf8")), run };
  } catch {
    return;
  }
  await writeFileAtomic(path, `${JSON.stringify(info, null, 2)}\n`);
}

/** @returns whether a checkpoint lies in the folder, whole or not */
export async function hasCheckpoint(dir: string): Promise<boolean> {
  return exists(join(await settledDirectory(dir), infoFile));
}

/** The schema needs zod, whose 50 ms a trainer that begins anew does not pay. */
async function parse(path: string): Promise<WholeInfo> {
  const bytes = await readBytes(path);
  const { parseInfo } = await import("./checkpoint-info.js");
  return parseInfo(path, bytes, weightsFile);
}

async function readCheckpoint(dir: string): Promise<Checkpoint> {
  const info = await parse(join(dir, infoFile));
  const tensors = new Map<string, Tensor>();
  for (const [name, expected] of Object.entries(info.files ?? {})) {
    if (name !== weightsFile && name !== optimizerFile) continue;
    const path = join(dir, name);
    const bytes = await readBytes(path);
    const found = digest(bytes);
    if (found !== expected)
      throw new UserError(
        `The checkpoint file ${path} is damaged: expected SHA-256 ${expected}, found ${found}; use another checkpoint or train again.`,
      );
    for (const [tensorName, tensor] of decode(path, bytes)) tensors.set(tensorName, tensor);
  }
  return { state: { step: info.step, tensors }, info };
}

function* decode(path: string, bytes: Uint8Array): Generator<[string, Tensor]> {
  let tensors: Map<string, StoredTensor>;
  try {
    tensors = decodeSafetensors(bytes).tensors;
  } catch (error) {
    throw new UserError(`${path} is not a safetensors file: ${(error as Error).message}.`);
  }
  for (const [name, { shape, data }] of tensors) if (data instanceof Float32Array) yield [name, { shape, data }];
}

/** PyTorch's batch norm also keeps an int64 count of batches; load_state_dict asks for it. */
function weightTensors(state: State): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of state.tensors) {
    if (name.includes("/")) continue;
    tensors.set(name, tensor);
    if (name.endsWith(".running_var"))
      tensors.set(name.replace(/\.running_var$/, batchesTracked), { shape: [], data: BigInt64Array.of(BigInt(state.step)) });
  }
  return tensors;
}

function slotTensors(state: State): Map<string, StoredTensor> {
  return new Map([...state.tensors].filter(([name]) => name.includes("/")));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = fileErrorReason(error);
    if (!reason) throw error;
    throw new UserError(
      errorCode(error) === "ENOENT" ? `There is no checkpoint file ${path}.` : `Cannot read the checkpoint file ${path}: ${reason}.`,
    );
  }
}

async function identity(dir: string): Promise<string | undefined> {
  return stat(dir).then(
    (info) => `${info.dev}:${info.ino}`,
    () => undefined,
  );
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
