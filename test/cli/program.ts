import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const bin = fileURLToPath(new URL("../../bin/mnist-tui.js", import.meta.url));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** @returns a folder of the test's own, which is removed when the test ends */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface StartOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** The file to which standard output goes; by default, it goes to a pipe. */
  output?: string;
}

/** Starts the program as a user would, with pipes for standard output and error. */
export function start(args: readonly string[], options: StartOptions = {}) {
  const env = { ...process.env, ...options.env };
  delete env.FORCE_COLOR;
  const output = options.output === undefined ? undefined : openSync(options.output, "w");
  const stdio: StdioOptions = ["ignore", output ?? "pipe", "pipe"];
  const child: ChildProcess = spawn(process.execPath, [bin, ...args], { cwd: options.cwd, env, stdio });
  if (output !== undefined) closeSync(output);
  let stdout = "";
  let stderr = "";
  const waiting = new Set<{ wanted: (stdout: string) => boolean; resolve(): void }>();
  const look = () => {
    for (const waiter of waiting) {
      if (!waiter.wanted(stdout)) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    look();
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Finished>((resolve) => {
    // On a slow machine a command also says that it generates digits.
    const said = () => stderr.replace(/^generating synthetic digits \([\d,]+\)\n/, "");
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr: said() }));
  });
  return {
    child,
    ended,
    /** Waits until standard output satisfies the condition; fails where the program ends before. */
    async until(wanted: (stdout: string) => boolean): Promise<void> {
      if (wanted(stdout)) return;
      const shown = new Promise<void>((resolve) => waiting.add({ wanted, resolve }));
      const gone = ended.then(({ code }) => {
        if (!wanted(stdout)) throw new Error(`the program ended with code ${code} first:\n${stdout.slice(-2000)}\n${stderr}`);
      });
      await Promise.race([shown, gone]);
    },
  };
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return start(args, options).ended;
}

/** A training run of a second: synthetic digits need neither files nor network. */
export const tiny = ["--dataset", "synthetic", "--limit-train", "64", "--limit-test", "32", "--batch-size", "16", "--epochs", "2"];

export type Line = Record<string, unknown> & { type: string; run: string; model: string; time: number };

export function jsonLines(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}
