import { findWebgpu, openAdapter } from "./webgpu-load.js";

/** A child process that asks Dawn for an adapter and says what it is; null where there is none. */
const packages = findWebgpu();
const opened = packages && (await openAdapter(packages));
process.stdout.write(`\n${JSON.stringify(opened?.facts ?? null)}\n`);
