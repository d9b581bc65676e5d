import { askChild } from "../../util/child-probe.js";
import type { Engine } from "../contract/engine.js";
import { nvidiaDriver } from "../nvidia/libraries.js";
import type { TfjsBackend } from "./backend.js";
import { tfjsEngine } from "./engine.js";
import { tfjsVersion } from "./packages.js";
import { loadTensorflow, type TensorflowFacts } from "./tensorflow-load.js";
import { findTensorflow, type TensorflowPackage } from "./tensorflow-packages.js";

/** Starting CUDA on a machine with many GPUs takes seconds, and a first start reads a gigabyte of libraries. */
const probeMilliseconds = 60_000;

/** The builds of TensorFlow on this machine, after a try. */
interface TensorflowState {
  /** The build that the engine would use, with its facts; undefined where none runs. */
  chosen?: TensorflowPackage & TensorflowFacts;
  /** Builds that are installed and do not run. */
  broken: { build: TensorflowPackage; reason: string }[];
}

/** Finds the build to use: the first that runs on a GPU, else the first that runs. Each is tried in a child process, all within the time. */
export async function probeTensorflow(timeoutMilliseconds = probeMilliseconds): Promise<TensorflowState> {
  const state: TensorflowState = { broken: [] };
  const deadline = performance.now() + timeoutMilliseconds;
  for (const build of findTensorflow()) {
    const script = new URL("./tensorflow-probe.js", import.meta.url);
    const result = await askChild<TensorflowFacts>({
      script,
      args: [build.folder],
      timeoutMilliseconds: Math.max(100, deadline - performance.now()),
    });
    if ("reason" in result) state.broken.push({ build, reason: result.reason });
    else if (!state.chosen || (result.answer.gpu && !state.chosen.gpu)) state.chosen = { ...build, ...result.answer };
    if (state.chosen?.gpu) break;
  }
  return state;
}

/** One sentence why no build can be used. */
export function tensorflowProblem({ broken }: Pick<TensorflowState, "broken">): string {
  if (broken.length === 0) {
    return "No TensorFlow is linked, and @tensorflow/tfjs-node-gpu is not installed: run mnist-tui tensorflow link DIR with a TensorFlow from pip.";
  }
  const [{ build, reason }] = broken;
  const what = build.kind === "linked" ? `The TensorFlow linked from ${build.tensorflow}` : `@tensorflow/${build.kind} ${tfjsVersion}`;
  const why = reason.replace(/^It /, "").replace(/\.$/, "");
  return `${what} is there but does not run: it ${why}; run mnist-tui tensorflow link DIR with a TensorFlow from pip.`;
}

let probed: Promise<TensorflowState> | undefined;

function stateOnce(): Promise<TensorflowState> {
  probed ??= probeTensorflow();
  return probed;
}

/** TensorFlow through TF.js: CUDA where there is an NVIDIA GPU that its build can use, else the CPU. */
export const tensorflowEngine: Engine = tfjsEngine({
  name: "tensorflow",
  unavailable: async () => {
    const state = await stateOnce();
    return state.chosen ? undefined : tensorflowProblem(state);
  },
  discouraged: async () => {
    if (findTensorflow().length === 0) return tensorflowProblem({ broken: [] });
    if (!nvidiaDriver()) return "There is no NVIDIA GPU here, and on the CPU it is slower than native.";
    const { chosen } = await stateOnce();
    return chosen && !chosen.gpu ? `TensorFlow ${chosen.version} can use no GPU here, and on the CPU it is slower than native.` : undefined;
  },
  open: async ({ threads }) => {
    const state = await stateOnce();
    if (!state.chosen) throw new Error(tensorflowProblem(state));
    return openTensorflow(state.chosen, threads);
  },
});

async function openTensorflow({ folder, kind }: TensorflowPackage, threads: number): Promise<TfjsBackend> {
  const { tf, facts } = await loadTensorflow(folder, threads);
  const threadText = `${threads} thread${threads === 1 ? "" : "s"}`;
  if (facts.gpu) {
    return {
      tf,
      device: `GPU (CUDA), TensorFlow ${facts.version}`,
      notices: ["TensorFlow chooses and loads its GPU kernels in the first step of each batch size, which can take up to a minute."],
      readback: "sync",
      memory: "device",
      poolTies: "first",
    };
  }
  const wanted = kind === "tfjs-node-gpu" || nvidiaDriver();
  return {
    tf,
    device: `CPU, TensorFlow ${facts.version}, ${threadText}`,
    notices: wanted ? [`TensorFlow ${facts.version} can use no GPU here and computes on the CPU; mnist-tui doctor says more.`] : [],
    readback: "sync",
    memory: "host",
    poolTies: "first",
  };
}
