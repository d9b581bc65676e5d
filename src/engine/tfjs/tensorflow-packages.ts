import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { engineFolder, packageFolder } from "./packages.js";

/** A build of TF.js's binding to TensorFlow. */
export interface TensorflowPackage {
  kind: "linked" | "tfjs-node-gpu" | "tfjs-node";
  /** The folder of the package, which exports a whole TF.js. */
  folder: string;
  /** Linked: the TensorFlow it was compiled against. */
  tensorflow?: string;
}

/** The record that `mnist-tui tensorflow link` writes beside the packages. */
export interface Link {
  /** Folder of the Python package. */
  tensorflow: string;
  version: string;
  /** Of the compiled binding. */
  addon: string;
}

export function linkFile(): string {
  return join(engineFolder("tensorflow"), "link.json");
}

/** @returns the link, or undefined where there is none or it cannot be read */
function readLink(): Link | undefined {
  try {
    return JSON.parse(readFileSync(linkFile(), "utf8")) as Link;
  } catch {
    return undefined;
  }
}

/** @returns the builds that are installed, the preferred first */
export function findTensorflow(): TensorflowPackage[] {
  const found: TensorflowPackage[] = [];
  const own = createRequire(join(engineFolder("tensorflow"), "package.json"));
  const link = readLink();
  const linked = link && packageFolder("@tensorflow/tfjs-node", own);
  if (linked) found.push({ kind: "linked", folder: linked, tensorflow: link.tensorflow });
  const beside = createRequire(import.meta.url);
  for (const kind of ["tfjs-node-gpu", "tfjs-node"] as const) {
    const folder = packageFolder(`@tensorflow/${kind}`, beside);
    if (folder) found.push({ kind, folder });
  }
  return found;
}
