import { askChild } from "../../util/child-probe.js";
import type { Engine } from "../contract/engine.js";
import { tfjsEngine } from "./engine.js";
import { webgpuInstallCommand } from "./packages.js";
import { findWebgpu, loadWebgpu, type WebgpuFacts } from "./webgpu-load.js";

const probeMilliseconds = 20_000;

/** @returns the adapter that Dawn finds, asked in a child process, or one sentence why there is none */
export async function probeWebgpu(timeoutMilliseconds = probeMilliseconds): Promise<{ facts: WebgpuFacts } | { reason: string }> {
  if (!findWebgpu()) return { reason: `Its packages are not installed; ${webgpuInstallCommand()} adds them (200 MB).` };
  const script = new URL("./webgpu-probe.js", import.meta.url);
  const result = await askChild<WebgpuFacts | null>({ script, timeoutMilliseconds });
  if ("reason" in result) return { reason: `Dawn does not run here: ${result.reason.replace(/^It /, "it ")}` };
  if (result.answer) return { facts: result.answer };
  const loader = result.stderr.includes("libvulkan.so.1")
    ? "Vulkan's loader libvulkan.so.1 is missing (Debian and Ubuntu: apt install libvulkan1)"
    : "there is no driver for one, or it is too old for WebGPU";
  return { reason: `Dawn finds no GPU: ${loader}.` };
}

let probed: ReturnType<typeof probeWebgpu> | undefined;

function probeOnce(): ReturnType<typeof probeWebgpu> {
  probed ??= probeWebgpu();
  return probed;
}

/** Any GPU with a driver for Vulkan, Metal or Direct3D 12, through Dawn and TF.js. */
export const webgpuEngine: Engine = tfjsEngine({
  name: "webgpu",
  unavailable: async () => {
    const probe = await probeOnce();
    return "reason" in probe ? probe.reason : undefined;
  },
  discouraged: async () => {
    const probe = await probeOnce();
    if ("reason" in probe) return probe.reason;
    const { adapter, software } = probe.facts;
    return software ? `Its only adapter, ${adapter}, is no GPU but software on the CPU, slower than native.` : undefined;
  },
  open: async () => {
    const packages = findWebgpu();
    if (!packages) throw new Error(`The packages of the webgpu engine are not installed; ${webgpuInstallCommand()} adds them.`);
    const { tf, facts, failure } = await loadWebgpu(packages);
    const software = facts.software ? ["This adapter is software on the CPU; --engine native is much faster."] : [];
    return {
      tf,
      device: `${facts.software ? "CPU" : "GPU"}, WebGPU on ${facts.adapter}`,
      notices: [...software, "WebGPU compiles its shaders in the first step of each batch size, which can take some seconds."],
      readback: "async",
      memory: "device",
      poolTies: "last",
      failure,
    };
  },
});
