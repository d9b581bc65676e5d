import { closeSync, createReadStream, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, exists, fileErrorReason, writeFileAtomic, writeRemedy } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import type { RunEvent } from "./events.js";

/**
 * events.jsonl: one event a line, appended. Every append reaches the operating system at once, so that a killed trainer
 * loses no event; flush also reaches the disk. Non-finite numbers are stored as null and read back as NaN.
 */
export class EventLog {
  private constructor(
    private readonly file: string,
    private descriptor: number,
    private size: number,
  ) {}

  /** Opens or creates the log; a last line that a crash has torn is cut away. @throws UserError where it cannot be written */
  static open(file: string): EventLog {
    try {
      mkdirSync(dirname(file), { recursive: true });
      // Not "a": cutting a torn line needs reading and truncating too, and every write names its own position.
      const descriptor = openExisting(file) ?? openSync(file, "wx+");
      const size = wholeLines(descriptor);
      ftruncateSync(descriptor, size);
      return new EventLog(file, descriptor, size);
    } catch (error) {
      throw logError(file, error);
    }
  }

  /** Appends one line. @throws UserError where it cannot be written; nothing of the line is then left behind */
  append(event: RunEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      for (let written = 0; written < line.length; )
        written += writeSync(this.descriptor, line, written, line.length - written, this.size + written);
      this.size += line.length;
    } catch (error) {
      try {
        ftruncateSync(this.descriptor, this.size);
      } catch {
        // The next open cuts the torn line.
      }
      throw logError(this.file, error);
    }
  }

  /** Waits until every appended event is on the disk. */
  async flush(): Promise<void> {
    try {
      fsyncSync(this.descriptor);
    } catch (error) {
      throw logError(this.file, error);
    }
  }

  async close(): Promise<void> {
    if (this.descriptor < 0) return;
    await this.flush();
    closeSync(this.descriptor);
    this.descriptor = -1;
  }
}

/**
 * Reads a log from its beginning to its present end; a last line still being written (or torn by a crash) is left out.
 * @throws UserError where the file cannot be read, or naming the line where it is damaged in the middle
 */
export async function* readEvents(file: string): AsyncGenerator<RunEvent, void, undefined> {
  let rest = "";
  let number = 0;
  try {
    for await (const chunk of createReadStream(file, { encoding: "utf8" })) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        number++;
        const event = parseEvent(line);
        if (!event) throw new UserError(`${file} is damaged: line ${number} is not an event.`);
        yield event;
      }
    }
  } catch (error) {
    const reason = fileErrorReason(error);
    throw reason ? new UserError(`Cannot read ${file}: ${reason}.`) : error;
  }
}

/** Writes the name of a renamed run into each event of a log, where there is one. A line that is no event stays as it is. */
export async function nameEvents(file: string, run: string): Promise<void> {
  if (await exists(file)) await writeFileAtomic(file, namedLines(file, run));
}

async function* namedLines(file: string, run: string): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8" })) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield lines.map((line) => `${namedLine(line, run)}\n`).join("");
  }
  yield rest;
}

function namedLine(line: string, run: string): string {
  try {
    // Not by parseEvent: a number that JSON cannot write has to stay null.
    return JSON.stringify({ ...JSON.parse(line), run });
  } catch {
    return line;
  }
}

/** @returns undefined where the line is no event */
export function parseEvent(line: string): RunEvent | undefined {
  try {
    const event = JSON.parse(line, (_, value) => (value === null ? Number.NaN : value));
    return typeof event?.type === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

function openExisting(file: string): number | undefined {
  try {
    return openSync(file, "r+");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @returns the length in bytes of the leading part of the file that ends with a whole event */
function wholeLines(descriptor: number): number {
  let end = fstatSync(descriptor).size;
  while (end > 0) {
    const start = lineStart(descriptor, end - 1);
    const line = Buffer.alloc(end - start);
    readSync(descriptor, line, 0, line.length, start);
    if (line.at(-1) === 0x0a && parseEvent(line.toString("utf8"))) return end;
    end = start;
  }
  return 0;
}

/** @returns where the line that the byte before `end` belongs to begins */
function lineStart(descriptor: number, end: number): number {
  const block = Buffer.alloc(65536);
  while (end > 0) {
    const length = Math.min(block.length, end);
    readSync(descriptor, block, 0, length, end - length);
    const newline = block.lastIndexOf(0x0a, length - 1);
    if (newline >= 0) return end - length + newline + 1;
    end -= length;
  }
  return 0;
}

function logError(file: string, error: unknown): unknown {
  const reason = fileErrorReason(error);
  return reason
    ? new UserError(`Cannot write ${file}: ${reason}; ${writeRemedy(error)} or choose another folder with --checkpoint-dir.`)
    : error;
}
