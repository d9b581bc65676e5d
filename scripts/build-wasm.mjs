// Builds native/wasm.cpp with clang: kernels.wasm, and kernels-relaxed.wasm with the fused multiply-add of relaxed SIMD. --check builds
// beside them and compares the bytes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native/", import.meta.url));
const builds = { "kernels.wasm": [], "kernels-relaxed.wasm": ["-mrelaxed-simd"] };
const compiler = process.env.WASM_CXX ?? "clang++-19";
const flags = [
  "--target=wasm32",
  "-std=c++20",
  "-O3",
  "-msimd128",
  "-matomics",
  "-mbulk-memory",
  "-ffreestanding",
  "-nostdlib",
  "-fno-exceptions",
  "-fno-rtti",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wl,--no-entry",
  "-Wl,--strip-all",
  "-Wl,--import-memory",
  "-Wl,--shared-memory",
  "-Wl,--max-memory=4294967296",
  "-Wl,--export=__stack_pointer",
];

function build(output, extra) {
  execFileSync(compiler, [...flags, ...extra, "wasm.cpp", "-o", output], { cwd: native, stdio: "inherit" });
}

/** @returns whether a fresh build has the bytes of the committed one */
function isCurrent(name, extra) {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-wasm-"));
  try {
    const fresh = join(folder, name);
    build(fresh, extra);
    return readFileSync(fresh).equals(readFileSync(join(native, name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [name, extra] of Object.entries(builds)) {
  if (!process.argv.includes("--check")) {
    build(join(native, name), extra);
  } else if (isCurrent(name, extra)) {
    console.log(`${name} is what the sources make.`);
  } else {
    console.error(`${name} is not what ${compiler} makes of native/; run npm run build:wasm and commit the result.`);
    process.exitCode = 1;
  }
}
