/** Standard output for all commands: what to do when its reader goes away, and whether it shows colours. */

let closed = false;
let onClosed: () => void = () => process.exit(0);

/** Call once, before anything is written. A reader such as `head` may leave at any time; that is no error to report. */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
      if (closed) return;
      closed = true;
      onClosed();
    });
  }
}

/** @param handler ends the command in order; without one, the process exits at once with code 0 */
export function whenOutputCloses(handler: () => void): void {
  onClosed = handler;
}

/** Writes to standard output unless its reader is gone. */
export function writeOutput(text: string): void {
  if (!closed) process.stdout.write(text);
}

/** A terminal that understands escape codes, on standard output. */
export function outputIsTerminal(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== "dumb";
}

/** https://no-color.org */
export function colorWanted(): boolean {
  return !process.env.NO_COLOR;
}

/** Exits once everything written has left. */
export function exitWhenWritten(code: number): void {
  const exit = () => process.exit(code);
  if (closed) exit();
  else process.stdout.write("", exit);
}
