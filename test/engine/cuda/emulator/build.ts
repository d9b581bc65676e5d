import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const native = fileURLToPath(new URL("../../../../native/", import.meta.url));
const compiler = "clang++-19";
const prefix = "cuda-emulator-";
const flags = ["-std=c++20", "-O2", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC", "-pthread", "-U_FORTIFY_SOURCE"];

/** @returns the kernels and the emulated driver as one library, compiled on first use, or the reason why there is none */
export function buildEmulator(): { library: string } | { reason: string } {
  if (process.platform !== "linux") return { reason: "it needs Linux" };
  if (spawnSync(compiler, ["--version"]).error) return { reason: `${compiler} is not installed` };
  const sources = [here, join(native, "cuda")].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(h|cpp|cu|cuh|ptx)$/.test(name))
      .map((name) => readFileSync(join(folder, name))),
  );
  const hash = createHash("sha256");
  for (const source of sources) hash.update(source);
  const folder = join(here, "build");
  const library = join(folder, `${prefix}${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(library)) return { library };
  mkdirSync(folder, { recursive: true });
  const temporary = mkdtempSync(join(folder, "cuda-"));
  try {
    const write = (file: string, lines: string[]) => writeFileSync(join(temporary, file), `${lines.join("\n")}\n`);
    for (const suffix of ["", "-tf32"])
      write(
        `entries${suffix}.inc`,
        entries(`kernels${suffix}.ptx`).map((name) => `ENTRY(${name})`),
      );
    write(
      "names-tf32.inc",
      entries("kernels-tf32.ptx").map((name) => `#define ${name} tf32_${name}`),
    );
    const output = join(temporary, "libcuda.so");
    const include = [temporary, join(native, "cuda")].map((path) => `-I${path}`);
    const units = ["libcuda.cpp", "tf32.cpp", "grid.cpp"].map((name) => join(here, name));
    execFileSync(compiler, [...flags, ...include, ...units, "-o", output], { stdio: "inherit" });
    for (const old of readdirSync(folder)) if (old.startsWith(prefix)) rmSync(join(folder, old));
    renameSync(output, library);
  } finally {
    rmSync(temporary, { recursive: true });
  }
  return { library };
}

/** @returns the names of the kernels in a PTX file */
function entries(file: string): string[] {
  const ptx = readFileSync(join(native, "cuda", file), "utf8");
  return [...ptx.matchAll(/^\.visible \.entry (\w+)\(/gm)].map(([, name]) => name);
}
