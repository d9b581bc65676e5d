import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { writeFileAtomic } from "../../util/atomic-write.js";
import { askChild } from "../../util/child-probe.js";
import { UserError } from "../../util/errors.js";
import { engineFolder, packageFolder, tfjsVersion } from "./packages.js";
import type { TensorflowFacts } from "./tensorflow-load.js";
import { type Link, linkFile } from "./tensorflow-packages.js";

/**
 * TF.js's binding compiled against a TensorFlow that Python's pip installed: the way to CUDA 12 and to GPUs newer than the TensorFlow
 * 2.9.1 that TF.js 4.22 comes with. The packages and the binding go into the user's cache; TensorFlow itself stays where it is.
 */

/** Version of Node-API that the binding is written for; newer Nodes run it unchanged. */
const nodeApi = 8;
const installMilliseconds = 300_000;
const compileMilliseconds = 300_000;
const probeMilliseconds = 120_000;

/**
 * Compiled in front of the binding: makes TensorFlow copy the memory that it is given. TF.js 4.22 lends it the memory of JavaScript's arrays, and has them
 * released on whichever thread drops a tensor last, where Node-API allows the main thread only.
 */
const copiedTensors = `#include <cstring>
#include "tensorflow/c/c_api.h"
static inline TF_Tensor* CopiedTensor(TF_DataType type, const int64_t* dims, int rank, void* data, size_t bytes,
                                      void (*release)(void*, size_t, void*), void* argument) {
  TF_Tensor* tensor = TF_AllocateTensor(type, dims, rank, bytes);
  if (bytes > 0) std::memcpy(TF_TensorData(tensor), data, bytes);
  release(data, bytes, argument);
  return tensor;
}
#define TF_NewTensor CopiedTensor
`;

/** The files of a TensorFlow from pip that the binding needs. */
interface Tensorflow {
  folder: string;
  include: string;
  libraries: string[];
}

interface LinkResult extends TensorflowFacts {
  tensorflow: string;
  folder: string;
}

/**
 * @param directory a virtual environment, its site-packages, or the tensorflow package in it
 * @param onProgress is told the work in progress, in a few words
 * @throws UserError where something is missing, or the binding does not run
 */
export async function linkTensorflow(directory: string, onProgress: (what: string) => void): Promise<LinkResult> {
  const tensorflow = findPipTensorflow(directory);
  const compiler = await findCompiler();
  const folder = engineFolder("tensorflow");
  const require = createRequire(join(folder, "package.json"));
  if (!packageFolder("@tensorflow/tfjs-node", require)) {
    onProgress(`installing @tensorflow/tfjs-node ${tfjsVersion} into ${folder}`);
    await installPackages(folder);
  }
  const binding = packageFolder("@tensorflow/tfjs-node", require);
  if (!binding) throw new UserError(`npm ended well, but ${folder} holds no @tensorflow/tfjs-node; empty that folder and try again.`);
  const addon = addonPath(binding);
  onProgress(`compiling its binding against ${tensorflow.folder}`);
  await mkdir(dirname(addon), { recursive: true });
  await compile(compiler, binding, tensorflow, `${addon}.new`);
  onProgress("trying it");
  const facts = await tryAddon(addon, binding, tensorflow.folder);
  const link: Link = { tensorflow: tensorflow.folder, version: facts.version, addon };
  await writeFileAtomic(linkFile(), `${JSON.stringify(link, null, 2)}\n`);
  return { ...facts, tensorflow: tensorflow.folder, folder };
}

/** Removes the packages and the binding. @returns the removed folder, or undefined where nothing was linked */
export async function unlinkTensorflow(): Promise<string | undefined> {
  const folder = engineFolder("tensorflow");
  if (!existsSync(folder)) return undefined;
  // The link first: without it a half-removed folder is never used.
  await rm(linkFile(), { force: true });
  await rm(folder, { recursive: true, force: true });
  return folder;
}

/** @throws UserError where there is none, naming the files that were looked for */
function findPipTensorflow(directory: string): Tensorflow {
  if (process.platform === "win32")
    throw new UserError(
      "Linking needs Linux or macOS: TensorFlow for Windows comes without the libraries for it; use WSL, or --engine webgpu.",
    );
  const root = resolve(directory);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`Expected the folder of a Python environment with TensorFlow, got ${root}, which is no folder.`, 2);
  const suffix = process.platform === "darwin" ? ".2.dylib" : ".so.2";
  const names = [`libtensorflow_cc${suffix}`, `libtensorflow_framework${suffix}`];
  const places = [root, join(root, "tensorflow"), ...pythonsIn(root).map((python) => join(python, "site-packages", "tensorflow"))];
  const folder = places.find((place) => existsSync(join(place, names[0])));
  if (!folder) {
    throw new UserError(
      `Expected a TensorFlow from pip in ${root}, found no ${names[0]} in it; make one with python3 -m venv DIR && DIR/bin/pip install 'tensorflow[and-cuda]' (or tensorflow-cpu) and name DIR.`,
    );
  }
  const include = join(folder, "include");
  const missing = [join(folder, names[1]), join(include, "tensorflow", "c", "c_api.h")].find((file) => !existsSync(file));
  if (missing) throw new UserError(`The TensorFlow in ${folder} lacks ${missing}; install it again with pip.`);
  return { folder, include, libraries: names.map((name) => join(folder, name)) };
}

/** @returns lib/python3.12 and the like, the newest first */
function pythonsIn(root: string): string[] {
  const lib = join(root, "lib");
  if (!existsSync(lib)) return [];
  const names = readdirSync(lib).filter((name) => /^python3\.\d+$/.test(name));
  return names.sort((a, b) => Number(b.slice(8)) - Number(a.slice(8))).map((name) => join(lib, name));
}

async function findCompiler(): Promise<string> {
  const candidates = process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  for (const name of candidates) {
    try {
      await promisify(execFile)(name, ["--version"]);
      return name;
    } catch {}
  }
  throw new UserError(
    `Linking needs a C++ compiler, found none of ${candidates.join(", ")}; install one (Debian and Ubuntu: apt install g++; macOS: xcode-select --install).`,
  );
}

async function installPackages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Without it npm would look for a project further up, and install there.
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--prefix", folder, "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--no-package-lock"];
  await run("npm", [...args, `@tensorflow/tfjs-node@${tfjsVersion}`], installMilliseconds, "npm cannot install @tensorflow/tfjs-node");
}

/** Where the package looks for its binding. */
function addonPath(binding: string): string {
  const { find } = createRequire(join(binding, "package.json"))("@mapbox/node-pre-gyp") as { find(manifest: string): string };
  return find(join(binding, "package.json"));
}

async function compile(compiler: string, binding: string, { folder, include, libraries }: Tensorflow, output: string): Promise<void> {
  const { include_dir } = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(binding, "binding", name));
  const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  const header = `${output}.h`;
  await writeFile(header, copiedTensors);
  const flags = ["-std=c++17", "-O2", "-fPIC", "-w", `-DNAPI_VERSION=${nodeApi}`, "-include", header, `-I${include_dir}`, `-I${include}`];
  const args = [...flags, ...shared, ...sources, "-o", output, ...libraries, `-Wl,-rpath,${folder}`];
  await run(compiler, args, compileMilliseconds, "The binding does not compile").finally(() => rm(header, { force: true }));
}

/** Puts the new binding in its place, and the old one back where the new one does not run. */
async function tryAddon(addon: string, binding: string, tensorflow: string): Promise<TensorflowFacts> {
  const before = existsSync(addon);
  if (before) await rename(addon, `${addon}.old`);
  await rename(`${addon}.new`, addon);
  const script = new URL("./tensorflow-probe.js", import.meta.url);
  const result = await askChild<TensorflowFacts>({ script, args: [binding], timeoutMilliseconds: probeMilliseconds });
  if ("reason" in result) {
    await rm(addon, { force: true });
    if (before) await rename(`${addon}.old`, addon);
    const kept = before ? "; the link before stays" : "";
    throw new UserError(
      `The TensorFlow in ${tensorflow} does not run with TF.js: ${result.reason.replace(/\.$/, "").replace(/^It /, "it ")}${kept}.`,
    );
  }
  await rm(`${addon}.old`, { force: true });
  return result.answer;
}

async function run(command: string, args: string[], timeout: number, problem: string): Promise<void> {
  try {
    await promisify(execFile)(command, args, { timeout, maxBuffer: 64 * 2 ** 20 });
  } catch (error) {
    const { stderr = "", message, killed } = error as Error & { stderr?: string; killed?: boolean };
    const lines = stderr.split("\n").map((line) => line.trim());
    const errorLine = lines.find((line) => /error|ERR!/.test(line)) ?? message.split("\n")[0];
    const why = killed ? `not done after ${timeout / 1000} s` : errorLine.slice(0, 400).replace(/\.$/, "");
    throw new UserError(`${problem}: ${why}; set CXX to another compiler, or see that the package registry can be reached.`);
  }
}
