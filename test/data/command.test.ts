import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { datasetNames } from "../../dist/config/names.js";
import { mirror } from "./mirror.js";
import { names, realData } from "./real.js";

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "mnist-tui-test-"));
});

afterEach(() => {
  rmSync(scratch, { recursive: true });
});

function start(args: string[], address = "http://127.0.0.1:3"): ChildProcess {
  const env = { ...process.env, MNIST_TUI_CACHE: path.join(scratch, "cache"), MNIST_TUI_DATA: "", MNIST_TUI_MIRROR: address };
  return spawn(process.execPath, ["bin/mnist-tui.js", "data", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const output = { stdout: "", stderr: "" };
  child.stdout!.on("data", (bytes) => {
    output.stdout += bytes;
  });
  child.stderr!.on("data", (bytes) => {
    output.stderr += bytes;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, ...output };
}

const data = (...args: string[]) => ended(start(args));

describe("mnist-tui data", () => {
  it("lists every dataset, with the command that gets an absent one", async () => {
    const { code, stdout, stderr } = await data();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^mnist +not on this machine; mnist-tui data mnist will download it$/m);
    expect(stdout).toMatch(/^synthetic +not on this machine; mnist-tui data synthetic will generate it$/m);
    expect(stdout).toContain(path.join(scratch, "cache"));
    const lines = (await data("--json")).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(datasetNames.map((dataset) => ({ dataset, verified: false, files: [] })));
  });

  it("generates the synthetic digits, with plain lines and no escape code in a pipe", async () => {
    const { code, stdout, stderr } = await data("synthetic");
    expect([code, stderr]).toEqual([0, "generating synthetic digits (70,000)\n"]);
    expect(stdout).toBe(`synthetic: verified, 60,000 + 10,000 images, in ${path.join(scratch, "cache", "synthetic")}\n`);
  });

  it("refuses an unknown dataset and a path that is no folder", async () => {
    expect(await data("cifar")).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(/mnist, fashion-mnist, synthetic.*"cifar"/) });
    expect(await data("mnist", "--data-dir", path.join(scratch, "nowhere"))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/expected a folder, got .*nowhere/),
    });
    const loop = path.join(scratch, "loop");
    symlinkSync(loop, loop);
    for (const args of [[], ["mnist"]])
      expect(await data(...args, "--data-dir", loop)).toEqual({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/^mnist-tui: --data-dir: expected a folder, got .*loop \(its symbolic links .*\.\n$/),
      });
  });

  it("fails where a dataset is unavailable, with the reason in one line", async () => {
    const { code, stdout, stderr } = await data("mnist");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.trim()).toMatch(/^.*MNIST could not be downloaded.*127\.0\.0\.1:3: connection refused.*$/);
  });

  it("fails where a file has another content, and names the file", async () => {
    mkdirSync(path.join(scratch, "data", "mnist"), { recursive: true });
    writeFileSync(path.join(scratch, "data", "mnist", names[1]), "altered");
    const { code, stdout, stderr } = await data("--data-dir", path.join(scratch, "data"));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^mnist +not as expected, in /m);
    expect(stderr).toMatch(/^mnist-tui: .*\.\n$/);
    expect(stderr).toMatch(new RegExp(`${names[1]}: expected SHA-256 65a50cbb[0-9a-f]{56} .*found [0-9a-f]{64}`));
  });

  it("leaves nothing half-written when interrupted in the middle of a file", async () => {
    const child = start(["mnist"], await mirror((_, response) => response.write("x")));
    child.stderr!.once("data", () => child.kill("SIGINT"));
    const { code, stderr } = await ended(child);
    expect(code).toBe(130);
    expect(stderr).toBe("downloading train-images-idx3-ubyte.gz\n");
    expect(readdirSync(path.join(scratch, "cache", "mnist"))).toEqual([]);
  });

  it.skipIf(!realData)("verifies the real datasets", async () => {
    const { code, stdout } = await data("fashion-mnist", "--json", "--data-dir", realData!);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ dataset: "fashion-mnist", verified: true, source: "directory" });
    expect(report.files.map(({ file }: { file: string }) => file)).toEqual(names);
    for (const { expected, found } of report.files) expect(found).toBe(expected);
  });
});
