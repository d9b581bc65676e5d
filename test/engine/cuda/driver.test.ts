import { describe, expect, it } from "vitest";
import { encodeArguments } from "../../../dist/engine/cuda/arguments.js";
import type { Device, KernelArgument } from "../../../dist/engine/cuda/device.js";
import { type Driver, loadDriver } from "../../../dist/engine/cuda/driver.js";
import { fakeLibcuda, needsCompiler, pretend } from "./fake.js";

const ptx = "//\n.visible .entry axpy()\n";

const pointer = (value: bigint): KernelArgument => ({ type: "pointer", value });
const i32 = (value: number): KernelArgument => ({ type: "i32", value });
const u32 = (value: number): KernelArgument => ({ type: "u32", value });
const f32 = (value: number): KernelArgument => ({ type: "f32", value });

function driver(): Driver {
  const found = loadDriver();
  if ("reason" in found) throw new Error(found.reason);
  return found;
}

/** Two vectors of ten numbers, y of zeros and x of 0 … 9, and a launch that adds `a` times x to y. */
function axpy(device: Device, a: number, bytes = 40) {
  const [y, x] = [device.allocate(bytes), device.allocate(bytes)];
  // x does not begin where its memory begins, so that the view's offset matters.
  device.upload(x, Float32Array.from({ length: 11 }, (_, i) => i - 1).subarray(1));
  const kernel = device.load(ptx).kernel("axpy");
  return { y, launch: { kernel, grid: [1, 1, 1], block: [32, 1, 1], args: [pointer(y), f32(a), pointer(x), u32(10)] } as const };
}

async function floats(device: Device, at: bigint): Promise<number[]> {
  const into = new Float32Array(10);
  await device.download(into, at);
  return [...into];
}

const times = (factor: number) => Array.from({ length: 10 }, (_, i) => factor * i);

describe.skipIf(!fakeLibcuda)(`binding to NVIDIA's driver${needsCompiler}`, () => {
  it("describes every GPU", () => {
    pretend({ DEVICES: "2", MODE: "3" });
    const found = driver();
    expect(found.version).toBe(12040);
    expect(found.devices()).toEqual([
      {
        ordinal: 0,
        name: "NVIDIA Test 0",
        uuid: "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f",
        computeCapability: [7, 5],
        totalBytes: 2 ** 30,
        multiprocessors: 40,
        sharedBytesPerBlock: 65536,
        computeMode: "exclusive",
      },
      expect.objectContaining({ ordinal: 1, name: "NVIDIA Test 1", multiprocessors: 41 }),
    ]);
  });

  it("allocates zeros, runs kernels with their arguments and waits for them", async () => {
    pretend();
    const device = driver().open(0);
    const { y, launch } = axpy(device, 2);
    expect(await floats(device, y)).toEqual(times(0));
    device.launch(launch);
    device.launch(launch);
    expect(await floats(device, y)).toEqual(times(4));
    device.fill(y, 40);
    expect(await floats(device, y)).toEqual(times(0));
    device.dispose();
  });

  it("records launches without running them, and then runs them any number of times", async () => {
    pretend();
    const device = driver().open(0);
    const { y, launch } = axpy(device, 1);
    const graph = device.capture(() => {
      device.launch(launch);
      device.launch(launch);
    });
    expect(await floats(device, y)).toEqual(times(0));
    for (let i = 0; i < 3; i++) graph.launch();
    expect(await floats(device, y)).toEqual(times(6));
    device.dispose();
  });

  it("works on after an error while recording", async () => {
    pretend();
    const device = driver().open(0);
    const { y, launch } = axpy(device, 1);
    expect(() =>
      device.capture(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    device.launch(launch);
    expect(await floats(device, y)).toEqual(times(1));
    device.dispose();
  });

  it("keeps the event loop free while it waits", async () => {
    pretend();
    const device = driver().open(0);
    device.launch(axpy(device, 1).launch);
    const order: string[] = [];
    setImmediate(() => order.push("turned"));
    await device.synchronize().then(() => order.push("done"));
    expect(order).toEqual(["turned", "done"]);
    device.dispose();
  });

  it("frees all memory, of a failed device too, and can be opened a second time", () => {
    pretend();
    const device = driver().open(0);
    const { freeBytes } = device.memory();
    axpy(device, 1);
    expect(device.memory().freeBytes).toBe(freeBytes - 80);
    device.dispose();
    device.dispose();
    expect(() => device.memory()).toThrow(/after NVIDIA Test 0 had been given back/);
    const again = driver().open(0);
    expect(again.memory().freeBytes).toBe(freeBytes);
    pretend({ ERRORS: "cuMemFree_v2=700 cuStreamDestroy_v2=700 cuDevicePrimaryCtxRelease_v2=700" });
    again.allocate(4);
    again.dispose();
  });

  it("asks for shared memory beyond 48 kB before a launch that needs it", async () => {
    pretend();
    const device = driver().open(0);
    const { y, launch } = axpy(device, 1);
    device.launch({ ...launch, sharedBytes: 60_000 });
    expect(await floats(device, y)).toEqual(times(1));
    device.dispose();
  });

  it("keeps two GPUs apart", async () => {
    pretend({ DEVICES: "2" });
    const devices = [0, 1].map((ordinal) => driver().open(ordinal));
    const vectors = devices.map((device, i) => axpy(device, i + 1));
    vectors.forEach(({ launch }, i) => {
      devices[i].launch(launch);
    });
    expect(await floats(devices[0], vectors[0].y)).toEqual(times(1));
    expect(await floats(devices[1], vectors[1].y)).toEqual(times(2));
    for (const device of devices) device.dispose();
  });
});

describe.skipIf(!fakeLibcuda)(`errors of NVIDIA's driver${needsCompiler}`, () => {
  /** @returns the error's sentence and its code */
  const told = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      const { name, message, code, exitCode } = error as Error & { code: string; exitCode: number };
      expect([name, exitCode, message]).toEqual(["CudaError", 1, expect.stringMatching(/^[A-Za-z].*[^.]\.$/)]);
      return `${code}: ${message}`;
    }
    throw new Error("no error");
  };

  it("out of memory names the bytes wanted and free", () => {
    pretend({ FREE: String(2 ** 20) });
    const device = driver().open(0);
    expect(told(() => device.allocate(3 * 2 ** 20))).toMatch(
      /^CUDA_ERROR_OUT_OF_MEMORY: NVIDIA Test 0 .* 3\.0 MB wanted, 1\.0 MB free; .*--batch-size/,
    );
    device.dispose();
  });

  it("a kernel's forbidden access is reported by the next wait and points to the last checkpoint", async () => {
    pretend();
    const device = driver().open(0);
    device.launch(axpy(device, 1).launch);
    pretend({ ERRORS: "cuStreamQuery=700" });
    await expect(device.synchronize()).rejects.toMatchObject({
      code: "CUDA_ERROR_ILLEGAL_ADDRESS",
      message: expect.stringMatching(/^A computation on NVIDIA Test 0 failed .*illegal memory access.*--resume/),
    });
    device.dispose();
  });

  it("a launch names its kernel and shape", () => {
    pretend();
    const device = driver().open(0);
    const { launch } = axpy(device, 1);
    expect(told(() => device.launch({ ...launch, block: [2048, 1, 1] }))).toMatch(/cuLaunchKernel of axpy \(grid 1×1×1, block 2048×1×1/);
    device.dispose();
  });

  it("code that the driver cannot compile is reported in the words of its compiler", () => {
    pretend();
    const device = driver().open(0);
    expect(told(() => device.load(".version 99.0"))).toMatch(/UNSUPPORTED_PTX_VERSION.*Unsupported \.version 99\.0.*newer NVIDIA driver/);
    expect(told(() => device.load(ptx).kernel("other"))).toMatch(/no other/);
    device.dispose();
  });

  it("a GPU that another process uses exclusively is reported as such", () => {
    pretend({ ERRORS: "cuDevicePrimaryCtxRetain=46" });
    expect(told(() => driver().open(0))).toMatch(/exclusive mode and used by another process.*nvidia-smi -c DEFAULT/);
  });

  it("a lost GPU points to the system's log", () => {
    pretend({ ERRORS: "cuMemGetInfo_v2=999" });
    const device = driver().open(0);
    expect(told(() => device.memory())).toMatch(/NVIDIA Test 0 was lost .*--resume/);
    device.dispose();
  });
});

describe("without a driver", () => {
  it("no library is loaded", () => {
    process.env.MNIST_TUI_LIBCUDA = "";
    expect(loadDriver()).toEqual({ reason: "No NVIDIA driver is installed." });
  });

  it("a library that cannot be loaded is an error of one sentence", () => {
    process.env.MNIST_TUI_LIBCUDA = "/nowhere/libcuda.so.1";
    expect(loadDriver()).toEqual({ reason: expect.stringMatching(/^The NVIDIA driver's library \/nowhere.*cannot be loaded.*\.$/) });
  });

  it("a library without the driver's functions is reported as too old", () => {
    if (process.platform !== "linux") return;
    process.env.MNIST_TUI_LIBCUDA = "libc.so.6";
    expect(loadDriver()).toEqual({ reason: expect.stringMatching(/lacks cuDriverGetVersion: it is older than CUDA 11\.4/) });
  });
});

it("a launch's arguments lie at multiples of their sizes, as in a kernel's parameter list", () => {
  const { bytes, offsets } = encodeArguments([i32(-2), pointer(0x7f00_0000_1234n), f32(0.5), u32(4_000_000_000), i32(7), pointer(1n)]);
  expect(offsets).toEqual([0, 8, 16, 20, 24, 32]);
  const view = new DataView(bytes.buffer);
  expect([view.getInt32(0, true), view.getBigUint64(8, true), view.getFloat32(16, true), view.getUint32(20, true)]).toEqual([
    -2,
    0x7f00_0000_1234n,
    0.5,
    4_000_000_000,
  ]);
  expect([view.getInt32(24, true), view.getBigUint64(32, true), bytes.length]).toEqual([7, 1n, 40]);
});
