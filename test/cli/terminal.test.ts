import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "./program.js";

const bin = fileURLToPath(new URL("../../bin/mnist-tui.js", import.meta.url));
const columns = 120;
const rows = 40;
const data = ["--dataset", "synthetic", "--limit-train", "256", "--limit-test", "32", "--batch-size", "16"];

/** Starts the program in a terminal of its own. */
function open(args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const child = pty.spawn(process.execPath, [bin, ...args], {
    cols: columns,
    rows,
    cwd,
    env: { PATH: process.env.PATH!, HOME: cwd, TERM: "xterm-256color", LANG: "C.UTF-8", ...env },
  });
  onTestFinished(() => {
    if (exitCode === undefined) child.kill("SIGKILL");
  });
  let raw = "";
  let exitCode: number | undefined;
  child.onData((text) => {
    raw += text;
    terminal.write(text);
  });
  child.onExit((end) => {
    exitCode = end.exitCode;
  });
  const screen = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: rows }, (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? "").join("\n");
  };
  const patience = { timeout: 120_000, interval: 50 };
  return {
    child,
    raw: () => raw,
    shows: (text: string | RegExp) => expect.poll(screen, patience).toMatch(text),
    exits: (code: number) => expect.poll(() => exitCode, patience).toBe(code),
    ends: () => expect.poll(() => exitCode, patience).not.toBeUndefined(),
    /** The content of the normal screen after the dashboard has gone. */
    restored: async () => {
      await expect.poll(() => terminal.buffer.active.type, patience).toBe("normal");
      expect(raw.lastIndexOf("\u001b[?1049l")).toBeGreaterThan(raw.lastIndexOf("\u001b[?1049h"));
      expect(raw.lastIndexOf("\u001b[?25h")).toBeGreaterThan(raw.lastIndexOf("\u001b[?25l"));
    },
  };
}

test("the dashboard on a terminal shows both models until the user leaves it, and the summary stays", async () => {
  const folder = temporaryFolder();
  const program = open(["train", "--compare", "compact,simple", ...data, "--epochs", "2", "--run", "a"], folder);
  await program.shows("finished");
  await program.shows(/compact[\s\S]*simple/);
  // The trainers still answer questions: they send the cell's images.
  program.child.write("2");
  await program.shows(/of class 0/);
  program.child.write("q");
  await program.exits(0);
  await program.restored();
  await program.shows(/compact: completed\s+simple: completed\s+stored in checkpoints\/a/);
});

const endless = ["train", "--model", "compact", ...data, "--epochs", "100000", "--run", "a"];

test.each<[string, number, (program: ReturnType<typeof open>) => void]>([
  ["Ctrl-C", 130, ({ child }) => child.write("\u0003")],
  ["q, confirmed,", 0, ({ child }) => child.write("qy")],
  ["SIGTERM", 143, ({ child }) => process.kill(child.pid, "SIGTERM")],
  ["SIGHUP", 129, ({ child }) => process.kill(child.pid, "SIGHUP")],
])("%s saves, restores the terminal and exits with %i", async (_, code, leave) => {
  const folder = temporaryFolder();
  const program = open(endless, folder);
  await program.shows(/compact[\s\S]*\d+\.\d+ %/);
  leave(program);
  await program.exits(code);
  await program.restored();
  await program.shows(/interrupted, can be resumed[\s\S]*go on with: mnist-tui train --resume a/);
  const info = JSON.parse(readFileSync(join(folder, "checkpoints", "a", "compact", "last", "model.json"), "utf8"));
  expect(info.step).toBeGreaterThan(0);
});

test("--plain prints lines on a terminal, in colour unless NO_COLOR is set; TERM=dumb prints lines without --plain", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...data, "--epochs", "1"];
  const coloured = open([...args, "--plain"], folder);
  const plain = open([...args, "--plain"], folder, { NO_COLOR: "1" });
  const dumb = open(args, folder, { TERM: "dumb" });
  for (const program of [coloured, plain, dumb]) {
    await program.exits(0);
    expect(program.raw()).toContain("stored in checkpoints");
    expect(program.raw()).not.toContain("\u001b[?1049h");
  }
  expect(coloured.raw()).toContain("\u001b[");
  expect(plain.raw()).not.toContain("\u001b");
  expect(dumb.raw()).not.toContain("\u001b");
});

test("runs rm asks on a terminal: only yes removes, Ctrl-D and all else do not, Ctrl-C ends the program", async () => {
  const folder = temporaryFolder();
  const trained = open(["train", "--model", "compact", ...data, "--epochs", "1", "--run", "a", "--plain"], folder);
  await trained.exits(0);
  const place = join(folder, "checkpoints", "a");
  const asked = async (answer: string) => {
    const program = open(["runs", "rm", "a"], folder);
    await program.shows("Remove a (compact) with all checkpoints? [y/N]");
    program.child.write(answer);
    return program;
  };
  for (const answer of ["\r", "n\r", "a\r", "\u0004"]) {
    const program = await asked(answer);
    await program.exits(1);
    await program.shows("nothing was removed");
    expect(existsSync(place)).toBe(true);
  }
  const interrupted = await asked("\u0003");
  await interrupted.ends();
  expect(existsSync(place)).toBe(true);
  const program = await asked("y\r");
  await program.exits(0);
  await program.shows("removed a");
  expect(existsSync(place)).toBe(false);
});
