import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { jsonLines, run, temporaryFolder } from "../cli/program.js";

/**
 * Tests the tensorflow engine's use of TF.js's binding. In the binding's place stands TF.js on its own backend in JavaScript. It refuses to load where
 * the binding would: without functions that newer Nodes lack, or without TensorFlow's settings.
 */
const require = createRequire(import.meta.url);
const [core, javascript] = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"].map((name) => JSON.stringify(require.resolve(name)));

const standIn = (gpu: boolean) => `
const util = require("node:util");
for (const name of ["isNullOrUndefined", "isArray"]) if (!util[name]) throw new Error("util." + name + " is missing");
for (const [name, value] of [["TF_FORCE_GPU_ALLOW_GROWTH", "true"], ["TF_CPP_MIN_LOG_LEVEL", "2"], ["TF_DETERMINISTIC_OPS", "1"]])
  if (process.env[name] !== value) throw new Error(name + " is " + process.env[name]);
const tf = require(${core});
tf.env().set("IS_NODE", false);
require(${javascript});
Object.assign(tf.backend(), { isUsingGpuDevice: ${gpu}, binding: { TF_Version: "2.99.0" } });
module.exports = tf;
`;

/** @param driver whether there seems to be an NVIDIA driver @returns the environment of a program with that binding linked, as in a newer Node */
function linked({ gpu, driver }: { gpu: boolean; driver: boolean }) {
  const cache = temporaryFolder();
  const folder = join(cache, "tensorflow", "node_modules", "@tensorflow", "tfjs-node");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(cache, "tensorflow", "link.json"), JSON.stringify({ tensorflow: "/somewhere", version: "2.99.0", addon: "none" }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "@tensorflow/tfjs-node", version: "4.22.0", main: "index.js" }));
  writeFileSync(join(folder, "index.js"), standIn(gpu));
  const newer = join(cache, "newer-node.cjs");
  writeFileSync(newer, 'const util = require("node:util");\ndelete util.isNullOrUndefined;\ndelete util.isArray;\n');
  const nvml = driver ? join(cache, "libnvidia-ml.so.1") : "";
  return { MNIST_TUI_CACHE: cache, MNIST_TUI_NVML: nvml, MNIST_TUI_DATA: "", NODE_OPTIONS: `--require=${newer}` };
}

async function doctor(env: NodeJS.ProcessEnv) {
  const { stdout } = await run(["doctor", "--json", "--wait", "30"], { env });
  return JSON.parse(stdout).engines.find(({ name }: { name: string }) => name === "tensorflow");
}

/** Trains for one step. @returns the start event and the trainer's messages */
async function train(engine: string, env: NodeJS.ProcessEnv) {
  const size = ["--limit-train", "4", "--limit-test", "4", "--batch-size", "4", "--epochs", "1"];
  const where = ["--dataset", "synthetic", "--checkpoint-dir", join(temporaryFolder(), "runs")];
  const { code, stdout, stderr } = await run(["train", "--model", "compact", "--engine", engine, ...size, ...where, "--json"], { env });
  expect(code, stderr).toBe(0);
  const events = jsonLines(stdout);
  return {
    start: events.find(({ type }) => type === "start"),
    said: events.filter(({ type }) => type === "log").map(({ message }) => message),
  };
}

describe("TensorFlow that computes on the CPU", () => {
  it("is used on request, and passed by under auto where there is no GPU", async () => {
    const env = linked({ gpu: false, driver: false });
    expect(await doctor(env)).toMatchObject({
      usable: true,
      auto: false,
      device: "CPU, TensorFlow 2.99.0, linked from /somewhere",
      reason: "There is no NVIDIA GPU here, and on the CPU it is slower than native.",
    });
    const { start, said } = await train("tensorflow", env);
    expect(start).toMatchObject({ engine: "tensorflow", device: expect.stringMatching(/^CPU, TensorFlow 2\.99\.0/) });
    expect(said).not.toContainEqual(expect.stringContaining("can use no GPU"));
  });

  it("never stands in for a GPU silently: doctor, the trainer and auto say that TensorFlow found none", async () => {
    const env = linked({ gpu: false, driver: true });
    expect(await doctor(env)).toMatchObject({ usable: true, auto: false, reason: "It finds no GPU that it can use." });
    const { said } = await train("tensorflow", env);
    expect(said).toContain("TensorFlow 2.99.0 can use no GPU here and computes on the CPU; mnist-tui doctor says more.");
    const { start } = await train("auto", env);
    expect(start?.engine).not.toBe("tensorflow");
    expect(start?.refused).toContainEqual({
      name: "tensorflow",
      reason: "TensorFlow 2.99.0 can use no GPU here, and on the CPU it is slower than native.",
    });
  });
});

it("auto takes TensorFlow on a GPU, and the trainer announces that the first step is slow", async () => {
  const env = linked({ gpu: true, driver: true });
  expect(await doctor(env)).toMatchObject({ usable: true, auto: true, device: "GPU (CUDA), TensorFlow 2.99.0, linked from /somewhere" });
  const { start, said } = await train("auto", env);
  expect(start).toMatchObject({ engine: "tensorflow", device: "GPU (CUDA), TensorFlow 2.99.0" });
  expect(said).toContainEqual(expect.stringMatching(/^TensorFlow chooses and loads its GPU kernels in the first step/));
});
