import type { IncomingMessage } from "node:http";
import { RequestError } from "./request-error.js";

/**
 * Request bodies as bounded buffers: each up to a limit of its own, all that are in flight up to a limit together, and none slower
 * than a pace, so that neither many nor slow clients exhaust memory or connections.
 */

/** Bodies of this size do not count: with the most connections that there can be they are 64 MiB. */
const uncountedBytes = 65_536;
/** A body may take this long, and a second more for every `bytesPerSecond` of it. */
const pace = { milliseconds: 10_000, bytesPerSecond: 131_072, checkMilliseconds: 500 };
/** Most bytes of a refused body that are read and dropped. */
const mostDiscarded = 64 * 2 ** 20;

export class BodyReader {
  private readonly held = new WeakMap<IncomingMessage, number>();
  private inFlight = 0;

  /** @param mostBytes of all bodies from their beginning to the end of their answers */
  constructor(private readonly mostBytes: number) {}

  /**
   * @param limit most bytes of this body @param tooLarge makes the error for a larger one
   * @throws RequestError that one, 503 where all bodies together are too large, 408 for a body below the pace, 400 for one
   * that breaks off
   */
  async read(message: IncomingMessage, limit: number, tooLarge: (limit: number) => RequestError): Promise<Buffer> {
    if (declaredLength(message) > limit) throw tooLarge(limit);
    const chunks: Buffer[] = [];
    let length = 0;
    // Room for a whole body before it comes: bodies that grow side by side would all be refused half-way.
    this.hold(message, declaredLength(message));
    try {
      await receive(message, (chunk) => {
        length += chunk.length;
        if (length > limit) throw tooLarge(limit);
        this.hold(message, length);
        chunks.push(chunk);
      });
    } catch (error) {
      this.release(message);
      throw error;
    }
    return Buffer.concat(chunks, length);
  }

  /** Call it when the message's answer has been sent, or its connection is gone. */
  release(message: IncomingMessage): void {
    this.inFlight -= this.held.get(message) ?? 0;
    this.held.delete(message);
  }

  private hold(message: IncomingMessage, bytes: number): void {
    const more = bytes - (this.held.get(message) ?? 0);
    if (bytes <= uncountedBytes || more <= 0) return;
    if (this.inFlight + more > this.mostBytes)
      throw new RequestError(503, "The server holds too many large pictures; try again in a second.", { "retry-after": "1" });
    this.inFlight += more;
    this.held.set(message, bytes);
  }
}

/**
 * Reads the rest of a refused body and drops it: a client that is still sending would see a broken connection instead of the answer.
 * @returns whether the body has ended, so that the connection can serve another request
 */
export async function discardBody(message: IncomingMessage): Promise<boolean> {
  if (message.complete) return true;
  // Such a client waits for the answer before it sends the body.
  if (message.headers.expect !== undefined || message.destroyed) return false;
  if (declaredLength(message) > mostDiscarded) return false;
  let dropped = 0;
  const drop = ({ length }: Buffer) => {
    dropped += length;
    if (dropped > mostDiscarded) throw new Error("too much to drop");
  };
  return receive(message, drop).then(
    () => true,
    () => false,
  );
}

/** @returns the Content-Length; 0 for a body without one, such as a chunked body */
export function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

/**
 * Resolves at the body's end. @param take may throw, which ends the reading
 * @throws RequestError 408 for a body below the pace, 400 for one that breaks off
 */
function receive(message: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const begun = Date.now();
    let received = 0;
    const finish = (error?: unknown) => {
      clearInterval(timer);
      message.off("data", onData).off("end", onEnd).off("close", onClose);
      message.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      try {
        take(chunk);
      } catch (error) {
        finish(error);
      }
    };
    const onEnd = () => finish();
    const onClose = () => finish(new RequestError(400, "The request breaks off."));
    const timer = setInterval(() => {
      if (Date.now() - begun <= pace.milliseconds + (1000 * received) / pace.bytesPerSecond) return;
      finish(new RequestError(408, "The request's body comes too slowly.", { connection: "close" }));
    }, pace.checkMilliseconds);
    message.on("data", onData).on("end", onEnd).on("close", onClose);
    message.resume();
  });
}
