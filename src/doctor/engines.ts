import type { EngineName } from "../engine/contract/engine.js";
import { probeCuda } from "../engine/cuda/probe.js";
import { cudaVersion } from "../engine/cuda/requirements.js";
import { nvidiaDriver } from "../engine/nvidia/libraries.js";
import { engineNames } from "../engine/registry.js";
import { webgpuInstallCommand } from "../engine/tfjs/packages.js";
import { probeTensorflow, tensorflowProblem } from "../engine/tfjs/tensorflow.js";
import { probeWebgpu } from "../engine/tfjs/webgpu.js";
import { askChild } from "../util/child-probe.js";

export interface EngineReport {
  name: EngineName;
  usable: boolean;
  /** The processor or GPU that computes; of usable engines only. */
  device?: string;
  /** One sentence: why the engine is not usable, or why `auto` passes it by. */
  reason?: string;
  /** A command that makes it usable or faster. */
  help?: string;
  /** `--engine auto` chooses this engine. */
  auto: boolean;
}

type Finding = Omit<EngineReport, "name" | "auto"> & { worthwhile: boolean };

/** Probes all engines at the same time, each in a child process with that time limit. */
export async function inspectEngines(timeoutMilliseconds: number): Promise<EngineReport[]> {
  const findings = await Promise.all(engineNames.map((name) => inspectEngine(name, timeoutMilliseconds)));
  const chosen = findings.findIndex(({ usable, worthwhile }) => usable && worthwhile);
  return findings.map(({ worthwhile, ...finding }, i) => ({ name: engineNames[i], ...finding, auto: i === chosen }));
}

async function inspectEngine(name: EngineName, timeoutMilliseconds: number): Promise<Finding> {
  if (name === "cuda") return inspectCuda(timeoutMilliseconds);
  if (name === "tensorflow") return inspectTensorflow(timeoutMilliseconds);
  if (name === "webgpu") return inspectWebgpu(timeoutMilliseconds);
  if (name === "reference")
    return {
      usable: true,
      worthwhile: true,
      device: "CPU, plain TypeScript",
      reason: "It is slow, and serves to check the other engines.",
    };
  const script = new URL("./engine-probe.js", import.meta.url);
  const result = await askChild<{ reason?: string; device?: string }>({ script, args: [name], timeoutMilliseconds });
  const { reason, device } = "reason" in result ? { reason: result.reason, device: undefined } : result.answer;
  if (reason === undefined) return { usable: true, worthwhile: true, device: device ?? name };
  return { usable: false, worthwhile: false, reason, help: name === "native" ? nativeHelp() : undefined };
}

function nativeHelp(): string {
  const compiler = process.platform === "darwin" ? "xcode-select --install" : "apt install g++";
  return `${compiler} && npm run build:native`;
}

async function inspectCuda(timeoutMilliseconds: number): Promise<Finding> {
  const probe = await probeCuda(timeoutMilliseconds);
  if ("reason" in probe) return { usable: false, worthwhile: false, ...probe };
  const { version, gpus } = probe.facts;
  const names = gpus
    .filter(({ problem }) => !problem)
    .map(({ info }) => `${info.name} (compute capability ${info.computeCapability.join(".")})`);
  const [refused] = gpus.flatMap(({ problem }) => problem ?? []);
  return { usable: true, worthwhile: true, device: `${names.join(", ")}, driver ${cudaVersion(version)}`, ...refused };
}

async function inspectTensorflow(timeoutMilliseconds: number): Promise<Finding> {
  const state = await probeTensorflow(timeoutMilliseconds);
  const extra = nvidiaDriver() ? "'tensorflow[and-cuda]'" : "tensorflow-cpu";
  const help = `python3 -m venv ~/tensorflow && ~/tensorflow/bin/pip install ${extra} && mnist-tui tensorflow link ~/tensorflow`;
  const { chosen } = state;
  if (!chosen) return { usable: false, worthwhile: false, reason: tensorflowProblem(state), help };
  const source = chosen.kind === "linked" ? `linked from ${chosen.tensorflow}` : `@tensorflow/${chosen.kind}`;
  const device = `${chosen.gpu ? "GPU (CUDA)" : "CPU"}, TensorFlow ${chosen.version}, ${source}`;
  if (chosen.gpu) return { usable: true, worthwhile: true, device };
  const reason = nvidiaDriver()
    ? "It finds no GPU that it can use."
    : "There is no NVIDIA GPU here, and on the CPU it is slower than native.";
  return { usable: true, worthwhile: false, device, reason, help: nvidiaDriver() && help };
}

async function inspectWebgpu(timeoutMilliseconds: number): Promise<Finding> {
  const probe = await probeWebgpu(timeoutMilliseconds);
  if ("reason" in probe) {
    const install = probe.reason.includes(webgpuInstallCommand());
    const loader = probe.reason.includes("libvulkan1");
    const help = install ? webgpuInstallCommand() : loader ? "apt install libvulkan1" : undefined;
    return { usable: false, worthwhile: false, reason: install ? "Its packages are not installed (200 MB)." : probe.reason, help };
  }
  const { adapter, software } = probe.facts;
  const device = `${software ? "CPU" : "GPU"}, WebGPU on ${adapter}`;
  return {
    usable: true,
    worthwhile: !software,
    device,
    reason: software ? "This adapter is software on the CPU, slower than native." : undefined,
  };
}
