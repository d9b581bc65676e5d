import { EventEmitter } from "node:events";

/** The process's standard streams while a screen is open. */
export interface CapturedOutput {
  /** The terminal, for the screen alone. */
  terminal: NodeJS.WriteStream;
  /** Gives the streams back and prints the writes that were kept. */
  release(): void;
}

/** Printed after the screen has gone, at most. */
const keptWrites = 200;

/**
 * Stray writes to stdout and stderr (a warning of Node's, a library's print) would smear the screen: until release() they are
 * kept, and told line by line.
 */
export function captureOutput(stray: (line: string) => void): CapturedOutput {
  const { stdout, stderr } = process;
  const writeOut = stdout.write;
  const writeError = stderr.write;
  const terminal = new Terminal(stdout, (text) => writeOut.call(stdout, text as never));
  const onResize = (): void => void terminal.emit("resize");
  stdout.on("resize", onResize);
  // A terminal that has gone away must not end the process by an unhandled event.
  const ignore = (): void => {};
  stdout.on("error", ignore);
  stderr.on("error", ignore);
  const kept: string[] = [];
  const capture = function capture(chunk: unknown, ...rest: unknown[]): boolean {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8");
    if (kept.length < keptWrites) kept.push(text);
    for (const line of text.split("\n")) if (line.trim() !== "") stray(line);
    const callback = rest.find((entry) => typeof entry === "function") as (() => void) | undefined;
    if (callback !== undefined) queueMicrotask(callback);
    return true;
  };
  stdout.write = capture as typeof stdout.write;
  if (stderr.isTTY) stderr.write = capture as typeof stderr.write;
  return {
    terminal: terminal as unknown as NodeJS.WriteStream,
    release(): void {
      stdout.write = writeOut;
      stderr.write = writeError;
      stdout.removeListener("resize", onResize);
      for (const text of kept) writeError.call(stderr, text as never);
      kept.length = 0;
    },
  };
}

/** The part of a terminal's write stream that blessed uses. */
class Terminal extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;

  constructor(
    private readonly stdout: NodeJS.WriteStream,
    private readonly writeThrough: (text: string) => boolean,
  ) {
    super();
  }

  get columns(): number {
    return this.stdout.columns || 80;
  }

  get rows(): number {
    return this.stdout.rows || 24;
  }

  write(text: string): boolean {
    try {
      return this.writeThrough(text);
    } catch {
      return false;
    }
  }
}
