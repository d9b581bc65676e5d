import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { nvidiaDriver } from "../../dist/engine/nvidia/libraries.js";
import { openGpuMonitor } from "../../dist/engine/nvidia/monitor.js";
import { openNvidiaSmi, parseLine } from "../../dist/engine/nvidia/nvidia-smi.js";
import { type Usage, watchResources } from "../../dist/train/resources.js";

const folder = mkdtempSync(join(tmpdir(), "mnist-tui-gpus-"));
/** Milliseconds; so long because a busy machine starts processes slowly. */
const patience = { timeout: 30_000 };
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  delete process.env.MNIST_TUI_NVML;
});

/** @returns a library that answers as NVML does, or undefined without a C compiler */
function compiled(name: string, flags: string[] = []): string | undefined {
  const library = join(folder, name);
  try {
    execFileSync("cc", ["-shared", "-fPIC", ...flags, fileURLToPath(new URL("nvml.c", import.meta.url)), "-o", library], {
      stdio: "ignore",
    });
    return library;
  } catch {
    return undefined;
  }
}

/** @returns a trainer's first report with figures of GPUs */
async function reportOnGpus(): Promise<Usage> {
  let watch: { stop(): void } | undefined;
  const usage = await new Promise<Usage>((resolve) => {
    watch = watchResources((usage) => usage.gpus && resolve(usage));
  });
  watch?.stop();
  return usage;
}

const library = process.platform === "win32" ? undefined : compiled("nvml.so");
const needsCompiler = library ? "" : ", which needs a C compiler";

describe.skipIf(!library)(`NVML${needsCompiler}`, () => {
  it("gives the driver's figures of every GPU", async () => {
    process.env.MNIST_TUI_NVML = library;
    const monitor = (await openGpuMonitor())!;
    expect(monitor.source).toBe("nvml");
    expect(monitor.driver).toBe("570.86.10");
    const first = {
      name: "NVIDIA Test 80GB",
      memoryUsed: 5e9,
      memoryTotal: 80 * 2 ** 30,
      utilization: 37,
      temperature: 61,
      power: 123.456,
    };
    const second = {
      name: "NVIDIA Small",
      memoryUsed: 5e9,
      memoryTotal: 8 * 2 ** 30,
      utilization: 38,
      temperature: undefined,
      power: undefined,
    };
    expect(await monitor.read()).toEqual([first, second]);
    monitor.close();
  });

  it("is the source of a trainer's report", async () => {
    process.env.MNIST_TUI_NVML = library;
    const { gpus, gpuBytes } = await reportOnGpus();
    expect(gpus?.map(({ name }) => name)).toEqual(["NVIDIA Test 80GB", "NVIDIA Small"]);
    expect(gpuBytes).toBe(4_000_000_001);
  });

  it("adds up a process's memory on all GPUs", async () => {
    process.env.MNIST_TUI_NVML = library;
    const monitor = (await openGpuMonitor())!;
    expect(await monitor.processBytes(process.pid)).toBe(4_000_000_001);
    expect(await monitor.processBytes(123_456_789)).toBeUndefined();
    monitor.close();
  });

  it("works without a function that an older driver lacks", async () => {
    process.env.MNIST_TUI_NVML = compiled("old.so", ["-DOLD_DRIVER"]);
    const monitor = (await openGpuMonitor())!;
    expect(await monitor.read()).toHaveLength(2);
    expect(await monitor.processBytes(process.pid)).toBeUndefined();
    monitor.close();
  });
});

describe("without NVML", () => {
  it("no library is loaded where there is no driver", async () => {
    process.env.MNIST_TUI_NVML = "";
    expect(nvidiaDriver()).toBeUndefined();
    const reasons: string[] = [];
    expect(await openGpuMonitor(reasons)).toBeUndefined();
    expect(reasons).toEqual(["No NVIDIA driver is installed."]);
  });

  it("a trainer reports no GPU, with a driver or without, and the host's figures", async () => {
    for (const driver of ["", join(folder, "no-driver.so")]) {
      process.env.MNIST_TUI_NVML = driver;
      const usage = await reportOnGpus();
      expect(usage).toMatchObject({ gpus: [], hostBytes: expect.any(Number), machine: { memoryTotal: expect.any(Number) } });
    }
  });

  it.skipIf(process.platform === "win32")("nvidia-smi serves in its place", async () => {
    const command = join(folder, "nvidia-smi");
    const line = (used: number) => `echo "0, NVIDIA H200, ${used}, 143771, 37, 41, 120.53, 570.86.10"`;
    writeFileSync(command, `#!/bin/sh\n${line(1024)}\nsleep 0.2\n${line(2048)}\nexec sleep 60\n`);
    chmodSync(command, 0o755);
    const monitor = await openNvidiaSmi(command);
    expect(monitor.driver).toBe("570.86.10");
    await expect.poll(async () => (await monitor.read())[0].memoryUsed, patience).toBe(2 ** 31);
    monitor.close();
    await expect.poll(() => monitor.read(), patience).toEqual([]);
  });

  it("a missing nvidia-smi is an error of one sentence", async () => {
    await expect(openNvidiaSmi(join(folder, "none"))).rejects.toThrow("nvidia-smi is not installed");
  });

  it("nvidia-smi's lines may have unknown values, and other lines are left out", () => {
    expect(parseLine("1, Tesla T4, 3, 15360, [N/A], 30, [Not Supported], 535.1")).toEqual({
      index: 1,
      driver: "535.1",
      reading: {
        name: "Tesla T4",
        memoryUsed: 3 * 2 ** 20,
        memoryTotal: 15360 * 2 ** 20,
        utilization: undefined,
        temperature: 30,
        power: undefined,
      },
    });
    expect(parseLine("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")).toBeUndefined();
  });
});
