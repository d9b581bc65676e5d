import { describe, expect, it } from "vitest";
import { engineNames, probeEngine, selectEngine } from "../../dist/engine/registry.js";

describe("engine registry", () => {
  it("tries GPUs first, then the fastest engine on the CPU, and the reference engine last", () => {
    expect(engineNames[0]).toBe("cuda");
    expect(engineNames.indexOf("tensorflow")).toBeLessThan(engineNames.indexOf("webgpu"));
    expect(engineNames.indexOf("webgpu")).toBeLessThan(engineNames.indexOf("native"));
    expect(engineNames.indexOf("native")).toBeLessThan(engineNames.indexOf("wasm"));
    expect(engineNames.at(-1)).toBe("reference");
  });

  it("gives the requested engine", async () => {
    const { engine, refused } = await selectEngine("reference");
    expect(engine.name).toBe("reference");
    expect(refused).toEqual([]);
  });

  it("takes the first engine that runs, with the reason why each one before it does not", async () => {
    const { engine, refused } = await selectEngine("auto");
    const before = engineNames.slice(0, engineNames.indexOf(engine.name));
    expect(refused.map(({ name }) => name)).toEqual(before);
    for (const { reason } of refused) expect(reason).toMatch(/^[A-Z].*\.$/s);
  });

  it("predicts with an engine on the CPU by default, and with the requested engine otherwise", async () => {
    const { engine, refused } = await selectEngine("auto", "inference");
    expect(["native", "wasm"]).toContain(engine.name);
    expect(refused.map(({ name }) => name)).toEqual(engine.name === "native" ? [] : ["native"]);
    expect((await selectEngine("reference", "inference")).engine.name).toBe("reference");
  });

  it("probes any name without throwing", async () => {
    expect(await probeEngine("none" as "wasm")).toEqual({ reason: expect.stringContaining("none") });
  });

  it("refuses an engine that cannot run with its reason and a command that helps", async () => {
    process.env.MNIST_TUI_CACHE = "/nowhere";
    await expect(selectEngine("webgpu")).rejects.toMatchObject({
      name: "UserError",
      exitCode: 1,
      message: expect.stringMatching(/^The engine webgpu cannot run here\. Its packages are not installed; npm install --prefix/),
    });
  });
});
