// Builds native/wasm.cpp to native/kernels.wasm with clang. --check builds beside it and compares the bytes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const native = fileURLToPath(new URL("../native/", import.meta.url));
const committed = join(native, "kernels.wasm");
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

function build(output) {
  execFileSync(compiler, [...flags, "wasm.cpp", "-o", output], { cwd: native, stdio: "inherit" });
}

if (process.argv.includes("--check")) {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-wasm-"));
  try {
    const fresh = join(folder, "kernels.wasm");
    build(fresh);
    if (!readFileSync(fresh).equals(readFileSync(committed))) {
      console.error(`${committed} is not what ${compiler} makes of native/; run npm run build:wasm and commit the result.`);
      process.exitCode = 1;
    } else {
      console.log("kernels.wasm is what the sources make.");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  build(committed);
}
