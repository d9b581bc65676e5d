import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryFolder } from "../cli/program.js";
import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";

const run = promisify(execFile);
const native = fileURLToPath(new URL("../../native/", import.meta.url));

await describeEngine("native", (engine) => {
  paritySuite(engine);

  // If two builds had a function of one name, the linker would make one build call the other one's, whose vectors have another width.
  it("shares no function between the builds of different instruction sets", async () => {
    const { compiler } = JSON.parse(await readFile(join(native, "build/status.json"), "utf8"));
    const object = join(temporaryFolder(), "kernels.o");
    // Without optimization no function is inlined, so every function that two builds could share is in the list.
    const flags = ["-std=c++20", "-O0", "-fno-exceptions", "-DKERNEL_ISA=baseline"];
    await run(compiler, [...flags, "-c", join(native, "kernels.cpp"), "-o", object]);
    const { stdout } = await run("nm", ["--extern-only", "--defined-only", object]);
    const names = stdout.split("\n").flatMap((line) => line.trim().split(/\s+/)[2] ?? []);
    const own = names.filter((name) => !/^_+Z\w*St\d/.test(name));
    expect(own.map((name) => name.replace(/^_+/, "")).sort()).toEqual(["mnist_peak_baseline", "mnist_run_baseline"]);
  });
});
