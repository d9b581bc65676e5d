import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Tf } from "./backend.js";
import { engineFolder, packageFolder } from "./packages.js";

/** The parts of WebGPU that are used here; its types are a package of their own. */
interface Gpu {
  requestAdapter(options: object): Promise<Adapter | null>;
}
interface Adapter {
  info: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
  limits: Record<string, number>;
  features: ReadonlySet<string>;
  requestDevice(descriptor: object): Promise<Device>;
}
interface Device {
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(type: "uncapturederror", listener: (event: { error: { message: string } }) => void): void;
}

/** Facts about the adapter that Dawn found. */
export interface WebgpuFacts {
  /** For people: "SwiftShader driver 5.0.0" */
  adapter: string;
  /** The processor computes: right, but slower than the CPU engines. */
  software: boolean;
}

/** The packages that the engine needs, by folder; undefined where one is missing. */
interface WebgpuPackages {
  dawn: string;
  backend: string;
  core: string;
}

/** Installed by the command that doctor prints, or as optional peers beside this program. */
export function findWebgpu(): WebgpuPackages | undefined {
  for (const from of [join(engineFolder("webgpu"), "package.json"), import.meta.url]) {
    const require = createRequire(from);
    const [dawn, backend, core] = ["webgpu", "@tensorflow/tfjs-backend-webgpu", "@tensorflow/tfjs-core"].map((name) =>
      packageFolder(name, require),
    );
    if (dawn && backend && core) return { dawn, backend, core };
  }
  return undefined;
}

/** Kept, because Dawn ends when its instance is collected as garbage. */
let instance: Gpu | undefined;

/** @returns the fastest adapter, or undefined where there is none */
export async function openAdapter({ dawn }: Pick<WebgpuPackages, "dawn">): Promise<{ adapter: Adapter; facts: WebgpuFacts } | undefined> {
  const module = (await import(pathToFileURL(join(dawn, "index.js")).href)) as { create(options: string[]): Gpu; globals: object };
  Object.assign(globalThis, module.globals);
  instance ??= module.create([]);
  // TF.js's backend expects navigator.gpu, as in a browser; Node 21 and newer have a navigator without it.
  const scope = globalThis as { navigator?: object };
  scope.navigator ??= {};
  Object.defineProperty(scope.navigator, "gpu", { value: instance, configurable: true });
  const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const software =
    isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${device} ${description}`);
  return { adapter, facts: { adapter: name, software } };
}

/** Opens a device on the adapter and gives it to TF.js. @throws where either refuses */
export async function loadWebgpu(packages: WebgpuPackages): Promise<{ tf: Tf; facts: WebgpuFacts; failure(): string | undefined }> {
  const opened = await openAdapter(packages);
  if (!opened) throw new Error("Dawn finds no GPU");
  const { adapter, facts } = opened;
  const wanted = [
    "maxComputeWorkgroupStorageSize",
    "maxComputeWorkgroupsPerDimension",
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupSizeX",
    "maxComputeInvocationsPerWorkgroup",
  ];
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredFeatures: [], requiredLimits });
  let failed: string | undefined;
  void device.lost.then(({ message }) => {
    failed ??= `The GPU ${facts.adapter} was lost (${firstLine(message)}); go on with --resume.`;
  });
  device.addEventListener("uncapturederror", ({ error }) => {
    failed ??= `The GPU ${facts.adapter} failed (${firstLine(error.message)}); try a smaller --batch-size, or another --engine.`;
  });
  const require = createRequire(join(packages.backend, "package.json"));
  const tf = require(packages.core) as Tf;
  const { WebGPUBackend } = require(packages.backend) as {
    WebGPUBackend: new (
      device: Device,
      info: Adapter["info"],
    ) => Parameters<Tf["registerBackend"]>[1] extends () => infer B ? Awaited<B> : never;
  };
  // Otherwise TF.js recommends its binding to TensorFlow on standard error.
  tf.env().set("IS_NODE", false);
  const backend = new WebGPUBackend(device, adapter.info);
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend);
  if (!(await tf.setBackend("webgpu"))) throw new Error("TF.js cannot start its WebGPU backend");
  return { tf, facts, failure: () => failed };
}

function firstLine(text: string): string {
  return text.split("\n")[0].replace(/\.$/, "");
}
