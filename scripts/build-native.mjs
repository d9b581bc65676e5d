// Builds the native kernels with the system's C++ compiler, where there is one. A failure never fails the installation: its reason is
// written to native/build/status.json, and the WebAssembly build serves instead.
import { execFile } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const native = fileURLToPath(new URL("../native/", import.meta.url));
const output = join(native, "build");
const target = join(output, "kernels.node");

const common = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fno-exceptions",
  "-fno-rtti",
  "-Wall",
  "-Wextra",
];
/** Instruction sets by processor, with their flags; the names are those of native/binding.cpp. */
const isas = {
  x64: {
    baseline: [],
    // prfchw does nothing on processors that do not have it.
    avx2: ["-mavx2", "-mfma", "-mprfchw"],
    avx512: ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx2", "-mfma", "-mprfchw", "-mprefer-vector-width=512"],
  },
  arm64: { baseline: [] },
};

/** @returns the first compiler that runs */
async function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  for (const name of candidates) {
    try {
      await run(name, ["--version"]);
      return name;
    } catch {}
  }
  throw new Error(`no C++ compiler was found (tried ${candidates.join(", ")})`);
}

async function build() {
  if (process.platform === "win32") throw new Error("on Windows the native build is not offered");
  const sets = isas[process.arch];
  if (!sets) throw new Error(`there are no native kernels for ${process.arch}`);
  const compiler = await findCompiler();
  const { include_dir } = createRequire(import.meta.url)("node-api-headers");
  const object = (name) => join(output, `${name}.o`);
  const compile = (name, source, flags) => run(compiler, [...common, ...flags, "-c", source, "-o", object(name)], { cwd: native });
  const names = Object.keys(sets);
  await compile("binding", "binding.cpp", [`-I${include_dir}`]);
  for (const name of names) await compile(name, "kernels.cpp", [...sets[name], `-DKERNEL_ISA=${name}`]);
  const link = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared", "-pthread", "-Wl,-z,now"];
  const fresh = `${target}.${process.pid}`;
  await run(compiler, [...link, ...["binding", ...names].map(object), "-o", fresh], { cwd: native });
  renameSync(fresh, target);
  for (const name of ["binding", ...names]) rmSync(object(name));
  return compiler;
}

mkdirSync(output, { recursive: true });
const status = await build().then(
  (compiler) => ({ built: true, compiler }),
  (error) => ({ built: false, reason: String(error.stderr?.split("\n").find((line) => line.includes("error")) || error.message).trim() }),
);
if (!status.built) rmSync(target, { force: true });
writeFileSync(join(output, "status.json"), `${JSON.stringify({ ...status, node: process.version, arch: process.arch }, null, 2)}\n`);
console.log(
  status.built
    ? `Native kernels built with ${status.compiler}.`
    : `Native kernels not built: ${status.reason}. WebAssembly serves instead.`,
);
