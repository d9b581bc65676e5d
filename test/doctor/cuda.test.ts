import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { DeviceInfo } from "../../dist/engine/cuda/device.js";
import { CudaError } from "../../dist/engine/cuda/errors.js";
import { type CudaFacts, probeCuda } from "../../dist/engine/cuda/probe.js";
import { readPtx } from "../../dist/engine/cuda/ptx.js";
import { type DeviceFile, deviceFiles, deviceProblem, type Problem, startProblem } from "../../dist/engine/cuda/requirements.js";
import { noDriver } from "../../dist/engine/nvidia/libraries.js";
import { run, temporaryFolder } from "../cli/program.js";
import { type FakeSettings, fakeEnvironment, fakeLibcuda, needsCompiler, pretend } from "../engine/cuda/fake.js";

/** @returns doctor's report on the engine */
async function cudaLine(env: Record<string, string>) {
  const bare = { MNIST_TUI_CACHE: temporaryFolder(), MNIST_TUI_NVML: "", MNIST_TUI_DATA: "" };
  const { code, stdout } = await run(["doctor", "--json", "--wait", "50"], { env: { ...bare, ...env } });
  expect(code).toBe(0);
  return JSON.parse(stdout).engines.find(({ name }: { name: string }) => name === "cuda");
}

describe.skipIf(!fakeLibcuda)(`doctor on CUDA${needsCompiler}`, () => {
  it("reports that auto chooses a GPU that works", async () => {
    expect(await cudaLine(fakeEnvironment())).toEqual({
      name: "cuda",
      usable: true,
      auto: true,
      device: "NVIDIA Test 0 (compute capability 7.5), driver 12.4",
    });
  });

  it("gives a reason and a command that helps for a GPU that does not work", async () => {
    expect(await cudaLine(fakeEnvironment({ MODE: "2" }))).toEqual({
      name: "cuda",
      usable: false,
      auto: false,
      reason: "NVIDIA Test 0 is in prohibited compute mode: no process may use it.",
      help: "nvidia-smi -c DEFAULT",
    });
  });

  it("gives the reason with which --engine cuda is refused", async () => {
    const env = fakeEnvironment({ CAPABILITY: "61" });
    const { code, stderr } = await run(["bench", "--engine", "cuda", "--models", "simple"], { env });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^mnist-tui: The engine cuda cannot run here\. NVIDIA Test 0 has compute capability 6\.1.*\n$/),
    ]);
  });
});

describe.skipIf(!fakeLibcuda)(`the probe of CUDA${needsCompiler}`, () => {
  it.each<[string, FakeSettings, RegExp, RegExp | undefined]>([
    ["a driver too old", { VERSION: "11020" }, /speaks CUDA 11\.2, and CUDA 1\d\.\d \(driver \d{3}\) or newer/, undefined],
    ["an old card", { CAPABILITY: "61" }, /Test 0 has compute capability 6\.1, and 7\.0 or higher is needed/, undefined],
    ["exclusive mode", { MODE: "3", ERRORS: "cuDevicePrimaryCtxRetain=46" }, /exclusive mode and used by another process/, /-c DEFAULT/],
    [
      "no GPU that can be used",
      { DEVICES: "3", CAPABILITY: "52" },
      /^None of the 3 GPUs can be used\. NVIDIA Test 0 has compute/,
      undefined,
    ],
    ["library and module of two versions", { ERRORS: "cuInit=803" }, /of different versions: restart the machine/, undefined],
    ["a card that fails", { ERRORS: "cuMemcpyDtoH_v2=999" }, /Test 0 does not work \(CUDA_ERROR_UNKNOWN\)/, /nvidia-smi/],
    ["no memory left", { FREE: "3" }, /has not enough memory/, /nvidia-smi/],
    ["a crash", { CRASH: "1" }, /driver does not work: it was killed by SIGSEGV/, /nvidia-smi/],
  ])("gives the reason and, where there is one, a command that helps: %s", async (_, settings, reason, help) => {
    pretend(settings);
    const problem = (await probeCuda()) as Problem;
    expect(problem.reason).toMatch(/^[A-Z].*\.$/);
    expect(problem.reason).toMatch(reason);
    if (help) expect(problem.help).toMatch(help);
    else expect(problem.help).toBeUndefined();
  });

  it("succeeds where one of several GPUs works", async () => {
    pretend({ DEVICES: "2" });
    const probe = (await probeCuda()) as { facts: CudaFacts };
    expect(probe.facts.gpus.map(({ info }) => info.name)).toEqual(["NVIDIA Test 0", "NVIDIA Test 1"]);
  });

  it("fails at the time limit where the driver hangs", async () => {
    pretend({ HANG: "1" });
    expect(await probeCuda(300)).toMatchObject({ reason: "The NVIDIA driver does not work: it did not answer within 0.3 s." });
  });

  it("gives the command that installs a missing koffi", async () => {
    const hook = join(temporaryFolder(), "without-koffi.cjs");
    writeFileSync(
      hook,
      `const modules = require("node:module"), find = modules._resolveFilename;
       modules._resolveFilename = (name, ...rest) => { if (name === "koffi") throw new Error("Cannot find module"); return find(name, ...rest); };`,
    );
    pretend();
    vi.stubEnv("NODE_OPTIONS", `--require ${hook}`);
    expect(await probeCuda()).toEqual({ reason: expect.stringMatching(/koffi.*is not installed/), help: "npm install koffi" });
    vi.unstubAllEnvs();
  });

  it("fails where the driver's library is missing", async () => {
    vi.stubEnv("MNIST_TUI_LIBCUDA", "/nowhere/libcuda.so.1");
    const { reason } = (await probeCuda()) as Problem;
    expect(reason).toMatch(/\/nowhere\/libcuda\.so\.1 cannot be loaded \(.*\); install the driver; a container needs/);
    vi.unstubAllEnvs();
  });
});

describe("the reason why CUDA does not start", () => {
  const start = (code: string, files: DeviceFile[], visible?: string) => startProblem(new CudaError("It failed.", code), files, visible);
  const usable: DeviceFile = { path: "/dev/nvidia0", state: "usable", group: 44 };

  it("is a device file that the user may not open", () => {
    expect(start("CUDA_ERROR_NO_DEVICE", [usable, { path: "/dev/nvidiactl", state: "denied", group: 44 }])).toEqual({
      reason: expect.stringMatching(/may not open \/dev\/nvidiactl \(permission denied\)/),
      help: expect.stringMatching(/^sudo usermod -aG .*44/),
    });
  });

  it("is a device file that does not exist", () => {
    expect(start("CUDA_ERROR_UNKNOWN", [usable, { path: "/dev/nvidia-uvm", state: "missing" }])).toEqual({
      reason: expect.stringContaining("/dev/nvidia-uvm is missing"),
      help: "sudo nvidia-modprobe -u -c=0",
    });
  });

  it("is a CUDA_VISIBLE_DEVICES that names no GPU", () => {
    expect(start("CUDA_ERROR_NO_DEVICE", [usable], "")).toMatchObject({
      reason: expect.stringContaining('CUDA_VISIBLE_DEVICES="" leaves no GPU'),
    });
  });

  it("is any other problem in the driver's words", () => {
    expect(start("CUDA_ERROR_NO_DEVICE", [usable])).toMatchObject({ reason: "The NVIDIA driver is installed and finds no GPU." });
    expect(start("CUDA_ERROR_NOT_PERMITTED", [usable])).toEqual({ reason: "It failed.", help: "nvidia-smi" });
  });

  it.skipIf(process.platform !== "linux")("follows from NVIDIA's device files alone", () => {
    const folder = temporaryFolder();
    for (const name of ["nvidiactl", "nvidia0", "nvidia-caps", "null"]) writeFileSync(join(folder, name), "");
    const states = deviceFiles(folder).map(({ path, state }) => [path.slice(folder.length + 1), state]);
    expect(states).toEqual([
      ["nvidiactl", "usable"],
      ["nvidia-uvm", "missing"],
      ["nvidia0", "usable"],
    ]);
  });

  it.skipIf(process.platform !== "linux")("differs between a card without a driver and no card at all", () => {
    const folder = temporaryFolder();
    const add = (slot: string, vendor: string, kind: string) => {
      mkdirSync(join(folder, slot));
      writeFileSync(join(folder, slot, "vendor"), vendor);
      writeFileSync(join(folder, slot, "class"), kind);
    };
    add("0000:00:02.0", "0x8086\n", "0x030000\n");
    add("0000:01:00.1", "0x10de\n", "0x040300\n");
    expect(noDriver(folder)).toEqual({ reason: "No NVIDIA driver is installed." });
    add("0000:01:00.0", "0x10de\n", "0x030200\n");
    expect(noDriver(folder)).toEqual({ reason: expect.stringContaining("no driver for it") });
  });

  it("may be a card that is new enough for the kernels, but not for those in TensorFloat-32", () => {
    const info = { name: "NVIDIA T4", computeCapability: [7, 5], computeMode: "default" } as unknown as DeviceInfo;
    expect(deviceProblem(info, { version: [7, 4], target: 70 })).toBeUndefined();
    expect(deviceProblem(info, { version: [7, 4], target: 80 })).toEqual({
      reason: "NVIDIA T4 has compute capability 7.5, and 8.0 or higher is needed.",
    });
  });

  it("is missing kernels where they were not installed", () => {
    expect(() => readPtx(false, "/nowhere")).toThrow(/kernels \/nowhere\/kernels\.ptx are missing; install mnist-tui again/);
    expect(() => readPtx(true, "/nowhere")).toThrow("kernels /nowhere/kernels-tf32.ptx are missing");
  });
});
