import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../util/atomic-write.js";
import type { RunEvent } from "./events.js";
import { parseEvent } from "./log.js";

/** Time between two looks at the file. */
const pollMilliseconds = 250;
const blockBytes = 1 << 20;

/**
 * Reads a log that another process may still be writing: its events so far, then each new one, until the signal is aborted. A file that
 * does not exist yet is waited for; one that became shorter (a crash's torn line was cut off) is read on from its new end; a line that
 * is no event is left out.
 */
export async function* followEvents(file: string, signal: AbortSignal): AsyncGenerator<RunEvent, void, undefined> {
  let position = 0;
  let rest = Buffer.alloc(0);
  while (!signal.aborted) {
    const { bytes, size } = await readFrom(file, position);
    if (size < position) {
      // Whole lines are never cut, so the events yielded so far stay true.
      position = size;
      rest = Buffer.alloc(0);
    }
    position += bytes.length;
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const event = parseEvent(rest.toString("utf8", 0, end));
      rest = rest.subarray(end + 1);
      if (event) yield event;
    }
    if (bytes.length < blockBytes) await sleep(pollMilliseconds, undefined, { signal }).catch(() => {});
  }
}

/** @returns the next block from `position` on, and the file's size; 0 and nothing where there is no file */
async function readFrom(file: string, position: number): Promise<{ bytes: Buffer; size: number }> {
  const handle = await open(file, "r").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (!handle) return { bytes: Buffer.alloc(0), size: 0 };
  try {
    const { size } = await handle.stat();
    const block = Buffer.alloc(Math.min(blockBytes, Math.max(0, size - position)));
    const { bytesRead } = await handle.read(block, 0, block.length, position);
    return { bytes: block.subarray(0, bytesRead), size };
  } finally {
    await handle.close();
  }
}
