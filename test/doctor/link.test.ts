import { join } from "node:path";
import { expect, test } from "vitest";
import { run, temporaryFolder } from "../cli/program.js";

/** A Python environment with TensorFlow; linking also needs a C++ compiler and the package registry. */
const environment = process.env.MNIST_TUI_TENSORFLOW;
const title = "a TensorFlow from pip is linked, reaches the losses of native, and is unlinked";
const name = environment ? title : `${title}, which needs MNIST_TUI_TENSORFLOW to name a Python environment`;

test.skipIf(!environment)(name, { timeout: 600_000 }, async () => {
  const folder = temporaryFolder();
  const env = { MNIST_TUI_CACHE: folder, MNIST_TUI_NVML: "" };
  const linked = await run(["tensorflow", "link", environment!, "--json"], { env });
  expect(linked.code, linked.stderr).toBe(0);
  expect(JSON.parse(linked.stdout)).toMatchObject({ version: expect.stringMatching(/^2\./), gpu: false });
  const { stdout } = await run(["doctor", "--json", "--wait", "60"], { env });
  const report = JSON.parse(stdout) as { engines: { name: string; usable: boolean; auto: boolean }[] };
  expect(report.engines.find((engine) => engine.name === "tensorflow")).toMatchObject({ usable: true, auto: false });
  const lastLoss = async (engine: string) => {
    const settings = ["--model", "simple", "--epochs", "2", "--batch-size", "64", "--limit-train", "640", "--limit-test", "64"];
    const options = ["--dataset", "synthetic", "--engine", engine, "--run", engine, "--checkpoint-dir", join(folder, "runs"), "--json"];
    const trained = await run(["train", ...settings, ...options], { env });
    expect(trained.code, trained.stderr).toBe(0);
    const events = trained.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return events.findLast(({ type }) => type === "epoch").loss as number;
  };
  expect(await lastLoss("tensorflow")).toBeCloseTo(await lastLoss("native"), 2);
  // A second link replaces the first and installs no package.
  expect((await run(["tensorflow", "link", environment!], { env })).stderr).not.toContain("installing");
  expect((await run(["tensorflow", "unlink"], { env })).stdout).toContain("removed");
  expect((await run(["train", "--model", "simple", "--engine", "tensorflow"], { env })).code).toBe(1);
});
