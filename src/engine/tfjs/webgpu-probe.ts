import { findWebgpu, openAdapter } from "./webgpu-load.js";

/** The work of a child process: asks Dawn for an adapter and prints its facts; null where there is none. */
const packages = findWebgpu();
const opened = packages && (await openAdapter(packages));
process.stdout.write(`\n${JSON.stringify(opened?.facts ?? null)}\n`);
