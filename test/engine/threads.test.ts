import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Engine } from "../../dist/engine/contract/engine.js";
import { buildModel } from "../../dist/model/presets.js";
import { temporaryFolder } from "../cli/program.js";
import { describeEngine } from "./support/available.js";

const run = promisify(execFile);
const options = {
  model: buildModel("simple", {}),
  optimizer: { type: "sgd", momentum: 0, weightDecay: 0 },
  seed: 1,
  batchSize: 32,
  normalization: { mean: 0.5, std: 1 },
  threads: 2,
} as const;

/** Runs a script in a process of its own; in it, `session` is a session with data, and train(steps) trains it. */
function script(engine: Engine, text: string) {
  const dist = new URL("../../dist/", import.meta.url);
  const opened = `
    import { probeEngine } from ${JSON.stringify(new URL("engine/registry.js", dist))};
    import { buildModel } from ${JSON.stringify(new URL("model/presets.js", dist))};
    const { engine } = await probeEngine(${JSON.stringify(engine.name)});
    const session = await engine.create({ ...${JSON.stringify({ ...options, model: undefined })}, model: buildModel("simple", {}) });
    session.load({ images: new Uint8Array(32 * 784).fill(9), labels: new Uint8Array(32) });
    const train = (steps) =>
      session.train({ batchSize: 32, indices: new Uint32Array(32 * steps), learningRates: new Float32Array(steps).fill(0.01) });
  `;
  const file = join(temporaryFolder(), "script.mjs");
  writeFileSync(file, opened + text);
  return run(process.execPath, [file], { timeout: 60_000 });
}

function suite(engine: Engine) {
  it("a process ends by itself while a session has nothing to do, and not before its work is done", async () => {
    const { stdout } = await script(engine, `train(3).then(({ loss }) => console.log(loss.length));`);
    expect(stdout).toBe("3\n");
  });

  it("a process may exit while its threads train", async () => {
    await expect(script(engine, `await train(1); train(1000); setTimeout(() => process.exit(3), 20);`)).rejects.toMatchObject({
      code: 3,
      signal: null,
    });
  });

  it("calls to a session fail when it is disposed before they end, and when it was disposed before they began", async () => {
    const session = await engine.create(options);
    const images = new Float32Array(20 * 784);
    const waiting = session.predict(images);
    const disposed = session.dispose();
    await expect(waiting).rejects.toThrow("The session was disposed.");
    await disposed;
    await session.dispose();
    await expect(session.predict(images)).rejects.toThrow("The session was disposed.");
  });

  it("a session takes one call at a time", async () => {
    const session = await engine.create(options);
    const images = new Float32Array(784);
    const first = session.predict(images);
    await expect(session.predict(images)).rejects.toThrow("one call at a time");
    expect(await first).toHaveLength(10);
    await session.dispose();
  });
}

await describeEngine("native", (engine) => {
  suite(engine);

  it.skipIf(process.platform !== "linux")("the error where the system gives too few threads says how many it gave", async () => {
    const kernels = fileURLToPath(new URL("../../native/build/kernels.node", import.meta.url));
    const text = `
      const { execFileSync } = require("node:child_process");
      const { readFileSync } = require("node:fs");
      const kernels = require(${JSON.stringify(kernels)});
      // The limit leaves room for the stacks of some threads.
      const now = 1024 * Number(/VmSize:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
      execFileSync("prlimit", ["--pid", process.pid, "--as=" + (now + 200 * 2 ** 20)]);
      try {
        kernels.start(kernels.supported()[0].index, new Uint8Array(new SharedArrayBuffer(64)), 500, () => {});
      } catch (error) {
        console.log(error.message);
      }`;
    const { stdout } = await run(process.execPath, ["-e", text]);
    expect(stdout).toMatch(/^The system gave \d+ of 500 threads; use fewer --threads\.\n$/);
  });
});
await describeEngine("wasm", suite);
