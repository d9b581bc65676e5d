import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CudaError } from "./errors.js";

/** The driver and the GPU that a PTX file requires, from its first lines. */
export interface PtxHeader {
  /** Of the language: ".version 7.4" is [7, 4]. */
  version: readonly [number, number];
  /** Compute capability as one number: ".target sm_70" is 70. */
  target: number;
}

const shippedFolder = fileURLToPath(new URL("../../../native/cuda", import.meta.url));

/** @param tf32 the kernels that multiply, on tensor cores; else all kernels, in fp32 @throws CudaError where the file is missing */
export function readPtx(tf32: boolean, folder = shippedFolder): string {
  const file = join(folder, tf32 ? "kernels-tf32.ptx" : "kernels.ptx");
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new CudaError(
      `The compiled kernels ${file} are missing; install mnist-tui again, or run npm run build:cuda with CUDA's nvcc.`,
      "MISSING_PTX",
    );
  }
}

/** @throws CudaError where the text is no PTX */
export function ptxHeader(ptx: string): PtxHeader {
  const version = /^\.version (\d+)\.(\d+)/m.exec(ptx);
  const target = /^\.target sm_(\d+)/m.exec(ptx);
  if (!version || !target)
    throw new CudaError(
      "The compiled kernels are no PTX: .version and .target were expected; run npm run build:cuda.",
      "CUDA_ERROR_INVALID_PTX",
    );
  return { version: [Number(version[1]), Number(version[2])], target: Number(target[1]) };
}

/** PTX version → the CUDA version whose driver is the first to read it (PTX ISA manual, release notes). */
const firstCuda: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["7.4", [11, 4]],
  ["7.5", [11, 5]],
  ["7.6", [11, 6]],
  ["7.7", [11, 7]],
  ["7.8", [11, 8]],
  ["8.0", [12, 0]],
  ["8.1", [12, 1]],
  ["8.2", [12, 2]],
  ["8.3", [12, 3]],
  ["8.4", [12, 4]],
  ["8.5", [12, 5]],
  ["8.6", [12, 7]],
  ["8.7", [12, 8]],
  ["8.8", [12, 9]],
  ["9.0", [13, 0]],
  ["9.1", [13, 1]],
]);

/** The first version with all of the driver's functions that are called here. */
const oldestCuda = [11, 4] as const;

/** @returns the CUDA version that a driver has to speak for this PTX, [major, minor] */
export function cudaNeeded({ version }: PtxHeader): readonly [number, number] {
  const [major, minor] = version;
  // Newer than the table: PTX's major version has been four below CUDA's since 9.0.
  return firstCuda.get(`${major}.${minor}`) ?? (major < 8 ? oldestCuda : [major + 4, minor]);
}

/** CUDA version → the first driver on Linux that speaks it. */
const drivers: readonly (readonly [cuda: number, driver: number])[] = [
  [11040, 470],
  [11050, 495],
  [11060, 510],
  [11070, 515],
  [11080, 520],
  [12000, 525],
  [12010, 530],
  [12020, 535],
  [12030, 545],
  [12040, 550],
  [12050, 555],
  [12060, 560],
  [12070, 565],
  [12080, 570],
  [12090, 575],
  [13000, 580],
  [13010, 590],
];

/** @returns 470 for 11.4; undefined for a version that is not in the table */
export function driverWith([major, minor]: readonly [number, number]): number | undefined {
  return drivers.find(([cuda]) => cuda === 1000 * major + 10 * minor)?.[1];
}
