import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "mnist-tui-cuda-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns libcuda.c as a library, or undefined where there is no C compiler */
function compile(): string | undefined {
  if (process.platform === "win32") return undefined;
  const library = join(folder, "libcuda.so");
  try {
    execFileSync("cc", ["-shared", "-fPIC", fileURLToPath(new URL("libcuda.c", import.meta.url)), "-o", library], { stdio: "ignore" });
    return library;
  } catch {
    return undefined;
  }
}

/** The path of a library that is a driver with one GPU; undefined where there is no C compiler. */
export const fakeLibcuda = compile();
export const needsCompiler = fakeLibcuda ? "" : ", which needs a C compiler";

/** Settings of libcuda.c: "ERRORS" is FAKE_CUDA_ERRORS. */
export type FakeSettings = Partial<Record<"VERSION" | "DEVICES" | "CAPABILITY" | "MODE" | "FREE" | "ERRORS" | "HANG" | "CRASH", string>>;

/** @returns environment variables that make the program see the fake driver */
export function fakeEnvironment(settings: FakeSettings = {}): Record<string, string> {
  const entries = Object.entries(settings).map(([name, value]) => [`FAKE_CUDA_${name}`, value]);
  return { MNIST_TUI_LIBCUDA: fakeLibcuda ?? "", ...Object.fromEntries(entries) };
}

/** Makes this process see the fake driver until the end of the test. */
export function pretend(settings: FakeSettings = {}): void {
  Object.assign(process.env, fakeEnvironment(settings));
}

afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("FAKE_CUDA_") || name === "MNIST_TUI_LIBCUDA") delete process.env[name];
});
