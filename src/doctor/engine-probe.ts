import type { EngineName } from "../engine/contract/engine.js";
import { processorName } from "../engine/cpu/engine.js";
import { nativeBackend } from "../engine/cpu/run/native.js";
import { wasmBackend } from "../engine/cpu/run/wasm.js";
import { probeEngine } from "../engine/registry.js";

/** A child process: loads the engine that its argument names and prints whether it runs. */
const name = process.argv[2] as EngineName;
const probe = await probeEngine(name);
const backend = name === "native" ? nativeBackend() : name === "wasm" ? wasmBackend() : undefined;
const device = backend && "isa" in backend ? processorName(backend) : undefined;
process.stdout.write(`\n${JSON.stringify("reason" in probe ? { reason: probe.reason } : { device })}\n`);
