import { describe } from "vitest";
import type { Engine, EngineName } from "../../../dist/engine/contract/engine.js";
import { probeEngine } from "../../../dist/engine/registry.js";

/** Registers a suite for an engine; where the engine cannot run, all of it is skipped, with the reason in its name. */
export async function describeEngine(name: EngineName, suite: (engine: Engine) => void): Promise<void> {
  const probe = await probeEngine(name);
  if ("engine" in probe) describe(`engine ${name}`, () => suite(probe.engine));
  else describe.skip(`engine ${name}, which cannot run here: ${probe.reason}`, () => suite(unreachable));
}

/** Stands in for an engine whose tests are skipped. */
const unreachable: Engine = {
  name: "reference",
  unavailable: async () => undefined,
  create: () => Promise.reject(new Error("A skipped test ran.")),
};
