import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pty from "@lydell/node-pty";
import xterm from "@xterm/headless";
import ts from "typescript";
import { afterAll } from "vitest";

const here = path.dirname(fileURLToPath(import.meta.url));

/** replay.ts as JavaScript, compiled once, so that every session starts quickly. */
const program = compile(["../run/fake-run", "replay"]);

function compile(names: string[]): string {
  const directory = mkdtempSync(path.join(tmpdir(), "mnist-tui-replay-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const dist = new URL("../../dist/", import.meta.url).href;
  for (const name of names) {
    const source = readFileSync(path.join(here, `${name}.ts`), "utf8")
      .replaceAll('"../../dist/', `"${dist}`)
      .replace(/"\.\.?\/(?:run\/)?([\w-]+)\.js"/g, '"./$1.mjs"');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
    writeFileSync(path.join(directory, `${path.basename(name)}.mjs`), ts.transpileModule(source, { compilerOptions: options }).outputText);
  }
  return path.join(directory, "replay.mjs");
}

export interface SessionOptions {
  columns: number;
  rows: number;
  /** The arguments of replay.ts. */
  replay?: string[];
  /** The arguments of the program itself, which then runs in place of replay.ts. */
  mnistTui?: string[];
  env?: Record<string, string>;
  /** When the program stops, the shell takes the terminal as an interactive one would, says STOPPED, and brings the program back after Enter. */
  jobControl?: boolean;
}

/** A shell in a pseudo-terminal that runs replay.ts. A terminal emulator turns the output into a screen that can be read. */
export class Session {
  readonly terminal: InstanceType<typeof xterm.Terminal>;
  readonly child: pty.IPty;
  readonly directory: string;
  raw = "";
  private lastOutput = Date.now();
  private exited = false;

  constructor(options: SessionOptions) {
    this.directory = mkdtempSync(path.join(tmpdir(), "mnist-tui-ui-"));
    this.terminal = new xterm.Terminal({ cols: options.columns, rows: options.rows, allowProposedApi: true });
    const parts = options.mnistTui
      ? [process.execPath, path.join(here, "../../bin/mnist-tui.js"), ...options.mnistTui]
      : [process.execPath, program, "--trace", this.file("trace"), ...(options.replay ?? [])];
    const started = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', this.file("pid"), ...parts];
    const command = started.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ");
    const takenBack = `stty -g > '${this.file("stopped")}'; stty "$(cat '${this.file("before")}')"`;
    const suspended = `${takenBack}; echo STOPPED; read line; fg > /dev/null; `;
    const script =
      `${options.jobControl ? "set -m; " : ""}stty -g > '${this.file("before")}'; ${command}; ${options.jobControl ? suspended : ""}` +
      `echo $? > '${this.file("code")}'; stty -g > '${this.file("after")}'`;
    this.child = pty.spawn("/bin/sh", ["-c", script], {
      name: options.env?.TERM ?? "xterm-256color",
      cols: options.columns,
      rows: options.rows,
      cwd: this.directory,
      env: { PATH: process.env.PATH ?? "", HOME: this.directory, LANG: "C.UTF-8", TZ: "UTC", ...options.env },
    });
    this.child.onData((data) => {
      this.raw += data;
      this.lastOutput = Date.now();
      this.terminal.write(data);
    });
    this.child.onExit(() => {
      this.exited = true;
    });
  }

  private file(name: string): string {
    return path.join(this.directory, name);
  }

  read(name: string): string {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), "utf8") : "";
  }

  /** @returns the screen's characters, one string for each row */
  screen(): string[] {
    const buffer = this.terminal.buffer.active;
    return Array.from({ length: this.terminal.rows }, (_, y) => buffer.getLine(buffer.viewportY + y)?.translateToString(false) ?? "");
  }

  text(): string {
    return this.screen()
      .map((line) => line.trimEnd())
      .join("\n");
  }

  /** Waits until the screen shows the text and there has been no output for a moment. */
  async shows(wanted: string | RegExp, quiet = 200): Promise<void> {
    await this.until(() => {
      const text = this.text();
      return (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text)) && Date.now() - this.lastOutput > quiet;
    }, `the screen should show ${wanted}`);
  }

  /** @param wanted names the condition in the error */
  async until(condition: () => boolean, wanted: string): Promise<void> {
    const deadline = Date.now() + 120_000;
    while (!condition()) {
      // Once the program has ended, the condition can come true only through its last output, which may still be on its way.
      if (this.exited && Date.now() - this.lastOutput > 500 && !condition())
        throw new Error(`${wanted}, but the program has ended:\n${this.text()}`);
      if (Date.now() > deadline) throw new Error(`${wanted}; it shows\n${this.text()}\ntrace: ${this.read("trace")}`);
      await sleep(20);
    }
  }

  press(...keys: string[]): void {
    for (const key of keys) this.child.write(key);
  }

  /** Process id of the program; 0 before it has started. */
  pid(): number {
    return Number(this.read("pid"));
  }

  /** Waits for the shell's end. @returns how the program ended and what it left behind */
  async end(): Promise<{ code: number; before: string; after: string }> {
    await this.until(() => this.exited && this.read("after") !== "", "the program should end");
    await new Promise<void>((resolve) => this.terminal.write("", resolve));
    return { code: Number(this.read("code")), before: this.read("before"), after: this.read("after") };
  }

  dispose(): void {
    if (!this.exited) this.child.kill("SIGKILL");
    const pid = this.pid();
    if (pid > 0 && !this.exited) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // The program has ended already.
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
    this.terminal.dispose();
  }
}

export const keys = {
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  enter: "\r",
  escape: "\u001b",
  tab: "\t",
  ctrlC: "\u0003",
  ctrlZ: "\u001a",
};
