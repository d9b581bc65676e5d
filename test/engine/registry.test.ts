import { describe, expect, it } from "vitest";
import { engineNames, probeEngine, selectEngine } from "../../dist/engine/registry.js";

describe("engine registry", () => {
  it("tries the fastest first and the reference engine last", () => {
    expect(engineNames[0]).toBe("native");
    expect(engineNames.at(-1)).toBe("reference");
  });

  it("gives the engine that was asked for", async () => {
    const { engine, refused } = await selectEngine("reference");
    expect(engine.name).toBe("reference");
    expect(refused).toEqual([]);
  });

  it("takes the first that runs, and says why each one before it does not", async () => {
    const { engine, refused } = await selectEngine("auto");
    const before = engineNames.slice(0, engineNames.indexOf(engine.name));
    expect(refused.map(({ name }) => name)).toEqual(before);
    for (const { reason } of refused) expect(reason).toMatch(/^[A-Z].*\.$/s);
  });

  it("probes without throwing, whatever is asked for", async () => {
    expect(await probeEngine("webgpu")).toEqual({ reason: expect.stringContaining("webgpu") });
  });

  it("refuses an engine that cannot run with its reason", async () => {
    await expect(selectEngine("tensorflow")).rejects.toMatchObject({
      name: "UserError",
      exitCode: 1,
      message: expect.stringContaining("tensorflow"),
    });
  });
});
