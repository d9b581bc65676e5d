import { promisify } from "node:util";
import type { GpuMonitor, GpuReading } from "./reading.js";

/** NVIDIA Management Library, nvml.h. */
const success = 0;
const insufficientSize = 7;
const temperatureOfGpu = 0;
/** nvmlProcessInfo_t of the _v3 functions: pid, then bytes at 8, then two instance ids. */
const processInfoBytes = 24;
/** "Not available", as in a container that hides processes. */
const unknownBytes = 0xffffffffffffffffn;

/** Each function returns 0 or an error; out-parameters are buffers. All run on koffi's own threads: a driver that hangs does not block the event loop. */
const signatures = {
  nvmlInit_v2: "int nvmlInit_v2()",
  nvmlShutdown: "int nvmlShutdown()",
  nvmlSystemGetDriverVersion: "int nvmlSystemGetDriverVersion(uint8_t *text, uint32_t length)",
  nvmlDeviceGetCount_v2: "int nvmlDeviceGetCount_v2(uint32_t *count)",
  nvmlDeviceGetHandleByIndex_v2: "int nvmlDeviceGetHandleByIndex_v2(uint32_t index, uint64_t *device)",
  nvmlDeviceGetName: "int nvmlDeviceGetName(uintptr_t device, uint8_t *text, uint32_t length)",
  nvmlDeviceGetMemoryInfo: "int nvmlDeviceGetMemoryInfo(uintptr_t device, uint64_t *totalFreeUsed)",
  nvmlDeviceGetUtilizationRates: "int nvmlDeviceGetUtilizationRates(uintptr_t device, uint32_t *gpuMemory)",
  nvmlDeviceGetTemperature: "int nvmlDeviceGetTemperature(uintptr_t device, int sensor, uint32_t *celsius)",
  nvmlDeviceGetPowerUsage: "int nvmlDeviceGetPowerUsage(uintptr_t device, uint32_t *milliwatts)",
  nvmlDeviceGetComputeRunningProcesses_v3: "int nvmlDeviceGetComputeRunningProcesses_v3(uintptr_t device, uint32_t *count, uint8_t *infos)",
} as const;

type Call = (name: keyof typeof signatures, ...args: unknown[]) => Promise<number>;

interface Device {
  handle: bigint;
  name: string;
}

/** @param library name or path for the dynamic loader @throws where koffi or the library is missing, or the driver does not answer */
export async function openNvml(library: string): Promise<GpuMonitor> {
  const call = await bind(library);
  const code = await call("nvmlInit_v2");
  if (code !== success) throw new Error(`NVML does not start (error ${code})`);
  const driver = await text(call, "nvmlSystemGetDriverVersion");
  const devices = await list(call);
  return {
    source: "nvml",
    driver,
    read: () => Promise.all(devices.map((device) => readDevice(call, device))),
    processBytes: async (pid) => {
      const parts = await Promise.all(devices.map(({ handle }) => processBytes(call, handle, pid)));
      const known = parts.filter((bytes) => bytes !== undefined);
      return known.length > 0 ? known.reduce((sum, bytes) => sum + bytes, 0) : undefined;
    },
    close: () => void call("nvmlShutdown"),
  };
}

async function bind(library: string): Promise<Call> {
  const koffi = await import("koffi").then(
    (module) => module.default,
    () => {
      throw new Error("The package koffi is not installed");
    },
  );
  const loaded = koffi.load(library);
  const functions = new Map<string, (...args: unknown[]) => Promise<number>>();
  return (name, ...args) => {
    let asynchronous = functions.get(name);
    if (!asynchronous) {
      // Older drivers lack newer functions: a call of one answers "not found", NVML's own code for that.
      try {
        asynchronous = promisify(loaded.func(signatures[name]).async) as (...args: unknown[]) => Promise<number>;
      } catch {
        asynchronous = async () => 13;
      }
      functions.set(name, asynchronous);
    }
    return asynchronous(...args);
  };
}

async function text(
  call: Call,
  name: "nvmlSystemGetDriverVersion" | "nvmlDeviceGetName",
  ...first: unknown[]
): Promise<string | undefined> {
  const bytes = Buffer.alloc(96);
  if ((await call(name, ...first, bytes, bytes.length)) !== success) return undefined;
  return bytes.toString("utf8", 0, bytes.indexOf(0));
}

async function list(call: Call): Promise<Device[]> {
  const count = new Uint32Array(1);
  const code = await call("nvmlDeviceGetCount_v2", count);
  if (code !== success) throw new Error(`NVML does not count GPUs (error ${code})`);
  const devices: Device[] = [];
  for (let i = 0; i < count[0]; i++) {
    const handle = new BigUint64Array(1);
    // A GPU that is lost, or that this user may not open, is left out.
    if ((await call("nvmlDeviceGetHandleByIndex_v2", i, handle)) !== success) continue;
    devices.push({ handle: handle[0], name: (await text(call, "nvmlDeviceGetName", handle[0])) ?? `GPU ${i}` });
  }
  return devices;
}

async function readDevice(call: Call, { handle, name }: Device): Promise<GpuReading> {
  const memory = new BigUint64Array(3);
  const rates = new Uint32Array(2);
  const celsius = new Uint32Array(1);
  const milliwatts = new Uint32Array(1);
  await call("nvmlDeviceGetMemoryInfo", handle, memory);
  const utilization = await call("nvmlDeviceGetUtilizationRates", handle, rates);
  const temperature = await call("nvmlDeviceGetTemperature", handle, temperatureOfGpu, celsius);
  const power = await call("nvmlDeviceGetPowerUsage", handle, milliwatts);
  return {
    name,
    memoryUsed: Number(memory[2]),
    memoryTotal: Number(memory[0]),
    utilization: utilization === success ? rates[0] : undefined,
    temperature: temperature === success ? celsius[0] : undefined,
    power: power === success ? milliwatts[0] / 1000 : undefined,
  };
}

async function processBytes(call: Call, handle: bigint, pid: number): Promise<number | undefined> {
  const count = new Uint32Array([64]);
  let infos = Buffer.alloc(count[0] * processInfoBytes);
  let code = await call("nvmlDeviceGetComputeRunningProcesses_v3", handle, count, infos);
  if (code === insufficientSize) {
    infos = Buffer.alloc(count[0] * processInfoBytes);
    code = await call("nvmlDeviceGetComputeRunningProcesses_v3", handle, count, infos);
  }
  if (code !== success) return undefined;
  for (let i = 0; i < count[0]; i++) {
    if (infos.readUInt32LE(i * processInfoBytes) !== pid) continue;
    const bytes = infos.readBigUInt64LE(i * processInfoBytes + 8);
    if (bytes !== unknownBytes) return Number(bytes);
  }
  return undefined;
}
