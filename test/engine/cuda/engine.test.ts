import { describe, expect, it } from "vitest";
import type { Device, DeviceInfo } from "../../../dist/engine/cuda/device.js";
import type { Driver } from "../../../dist/engine/cuda/driver.js";
import { CudaError } from "../../../dist/engine/cuda/errors.js";
import { openDevice } from "../../../dist/engine/cuda/open.js";

const card: DeviceInfo = {
  ordinal: 0,
  name: "NVIDIA Test",
  uuid: "GPU-0",
  computeCapability: [9, 0],
  totalBytes: 2 ** 30,
  multiprocessors: 132,
  sharedBytesPerBlock: 232_448,
  computeMode: "default",
};

/** @returns a driver with these GPUs; opening a GPU whose name is in `taken` fails as in exclusive mode */
function driverOf(gpus: Partial<DeviceInfo>[], taken: string[] = []): Driver {
  const infos = gpus.map((gpu, ordinal) => ({ ...card, name: `GPU ${ordinal}`, ...gpu, ordinal }));
  return {
    version: 13_000,
    devices: () => infos,
    open(ordinal) {
      const info = infos[ordinal];
      if (taken.includes(info.name)) throw new CudaError(`${info.name} is taken.`, "CUDA_ERROR_DEVICE_UNAVAILABLE");
      return { info } as Device;
    },
  };
}

const opened = (driver: Driver, trainer: number, tf32 = false) => openDevice(driver, trainer, tf32).device.info.name;

describe("choosing a GPU", () => {
  it("all trainers share a single GPU", () => {
    const driver = driverOf([{}]);
    expect([0, 1, 2].map((trainer) => opened(driver, trainer))).toEqual(["GPU 0", "GPU 0", "GPU 0"]);
  });

  it("trainers take the usable ones of several GPUs in turn", () => {
    const driver = driverOf([{}, { computeCapability: [6, 1] }, {}, { computeMode: "prohibited" }, {}]);
    expect([0, 1, 2, 3].map((trainer) => opened(driver, trainer))).toEqual(["GPU 0", "GPU 2", "GPU 4", "GPU 0"]);
  });

  it("a GPU that another process uses exclusively is passed by while there are others", () => {
    expect(opened(driverOf([{}, {}], ["GPU 1"]), 1)).toBe("GPU 0");
    expect(() => opened(driverOf([{}, {}], ["GPU 0", "GPU 1"]), 1)).toThrow("GPU 1 is taken.");
  });

  it("fails with a reason where no GPU can be used", () => {
    expect(() => opened(driverOf([{ computeCapability: [6, 1] }]), 0)).toThrow(/GPU 0 has compute capability 6\.1/);
  });

  describe("for --tf32", () => {
    it("passes by GPUs that are too old for it", () => {
      const driver = driverOf([{ computeCapability: [7, 5] }, { computeCapability: [8, 0] }, {}]);
      expect([0, 1, 2].map((trainer) => opened(driver, trainer, true))).toEqual(["GPU 1", "GPU 2", "GPU 1"]);
      expect([0, 1, 2].map((trainer) => opened(driver, trainer))).toEqual(["GPU 0", "GPU 1", "GPU 2"]);
    });

    it("names the requirement that an older GPU does not meet, and the remedy", () => {
      const driver = driverOf([{ computeMode: "prohibited" }, { computeCapability: [7, 5] }]);
      const said = "GPU 1 has compute capability 7.5, and 8.0 or higher is needed for TensorFloat-32; leave --tf32 out.";
      expect(() => opened(driver, 0, true)).toThrow(said);
      expect(opened(driver, 0)).toBe("GPU 1");
    });

    it("is not named as the reason where no GPU can be used at all", () => {
      const driver = driverOf([{ computeMode: "prohibited" }]);
      expect(() => opened(driver, 0, true)).toThrow(/^GPU 0 is in prohibited compute mode: no process may use it\.$/);
    });
  });
});
