import { charsetFor, dashboardUnavailable } from "../ui/terminal.js";
import { asciiText } from "../ui/text.js";
import { fileErrorReason, writeRemedy } from "../util/atomic-write.js";

/** Standard output for all commands: its end when its reader goes away, and its terminal. */

let closed = false;
/** A write failed, as on a full disk. */
let failed = false;
let onClosed: () => void = () => process.exit(failed ? 1 : 0);

/**
 * Call once, before anything is written. A reader such as `head` may leave at any time; that is no error to report. A file that cannot
 * take the output is one.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (closed) return;
      closed = true;
      if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") {
        failed = true;
        const reason = fileErrorReason(error) ?? error.message;
        if (stream === process.stdout) {
          writeNotice(`mnist-tui: Cannot write to standard output: ${reason}; ${writeRemedy(error)} or send it elsewhere.`);
        }
      }
      onClosed();
    });
  }
}

/** @param handler ends the command in order; without one, the process exits at once, with code 1 where output was lost */
export function whenOutputCloses(handler: () => void): void {
  onClosed = handler;
}

/** Writes to standard output unless its reader is gone. */
export function writeOutput(text: string): void {
  if (!closed) process.stdout.write(text);
}

/** Writes text for people to standard output, its signs in ASCII where the locale or --ascii asks for it. */
export function writeText(text: string, { ascii = false }: { ascii?: boolean } = {}): void {
  writeOutput(inCharset(text, ascii));
}

/** Writes a line for people to standard error, in the characters of the locale. */
export function writeNotice(line: string, { ascii = false }: { ascii?: boolean } = {}): void {
  process.stderr.write(`${inCharset(line, ascii)}\n`);
}

/** The program's own signs become their likenesses; names that users gave stay as they are. */
function inCharset(text: string, ascii: boolean): string {
  if (charsetFor({ env: process.env, ascii }) === "unicode") return text;
  return text.replaceAll("…", "...").replace(/[^\0-~]/gu, (sign) => {
    const like = asciiText(sign);
    return like === "?" ? sign : like;
  });
}

/** A terminal that understands escape codes, on standard output. */
export function outputIsTerminal(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== "dumb";
}

/** @returns one sentence why neither dashboard, form nor canvas can be shown on standard input and output; undefined: they can */
export function dashboardProblem(): string | undefined {
  return dashboardUnavailable({ input: process.stdin.isTTY === true, output: process.stdout.isTTY === true }, process.env);
}

/** https://no-color.org */
export function colorWanted(): boolean {
  return !process.env.NO_COLOR;
}

/** Exits once everything written has left, with code 1 where it could not. */
export function exitWhenWritten(code: number): void {
  // A failed write is told in the next turn.
  const exit = () => setImmediate(() => process.exit(failed ? code || 1 : code));
  if (closed) exit();
  else process.stdout.write("", exit);
}
