import type { ClassifierOptions } from "../predict/classifier.js";
import type { ModelSource } from "../predict/sources.js";
import type { RunStore } from "../run/state/store.js";
import { UserError } from "../util/errors.js";
import { BodyReader } from "./body.js";
import { Decoders } from "./decoders.js";
import { createApp } from "./http-app.js";
import { Metrics } from "./metrics.js";
import { ModelPool } from "./model-pool.js";
import type { ServerParts } from "./parts.js";
import { RunFeed } from "./run-feed.js";
import { mostBodyBytes } from "./upload.js";

export interface ServerOptions extends ClassifierOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Further names that the Host header may have. */
  allowHosts: readonly string[];
  /** Other sites whose pages may use this server: "https://digits.example". */
  allowOrigins?: readonly string[];
  /** Largest picture, in bytes. */
  maxBytes: number;
  /** A model without a checkpoint answers as soon as it has one. */
  models: readonly ModelSource[];
  /** The run that the page shows. */
  store: RunStore;
  onNotice(level: "info" | "warning", message: string): void;
}

export interface RunningServer {
  /** "http://127.0.0.1:5000" */
  url: string;
  /** Answers with these models too, as soon as they have checkpoints. */
  add(models: readonly ModelSource[]): void;
  /** Refuses new requests, gives accepted ones `graceMilliseconds` to finish, then closes all connections. */
  close(graceMilliseconds?: number): Promise<void>;
}

/** Largest picture, in bytes, unless another is asked for. */
export const defaultMaxBytes = 10 * 2 ** 20;
/** All bodies in flight together, in bytes, may be this many or twice the largest one. */
const leastBodyBytes = 96 * 2 ** 20;
const mostConnections = 1_024;
const waitingDecodes = 32;
const waitingPredictions = 256;
const defaultGrace = 10_000;
/** Decoding costs time by the pixel: PNGs are drawings and screenshots, JPEGs are phones' photos too. */
const imageLimits = { maxPixels: { png: 4_194_304, jpeg: 52_000_000 } };

/** Starts serving. @throws UserError where the address cannot be used or no model can be loaded */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const parts = createParts(options);
  const state = { closing: false };
  const app = createApp(options, parts, state);
  let url: string;
  try {
    await parts.pool.open();
    url = await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await release(parts);
    throw listenError(error, options);
  }
  app.server.maxConnections = mostConnections;
  return {
    url,
    add: (models) => parts.pool.add(models),
    async close(graceMilliseconds = defaultGrace) {
      state.closing = true;
      parts.feed.close();
      const deadline = setTimeout(() => app.server.closeAllConnections(), graceMilliseconds);
      await app.close();
      clearTimeout(deadline);
      await release(parts);
    },
  };
}

function createParts({ models, engine, threads, store, maxBytes, onNotice }: ServerOptions): ServerParts {
  const metrics = new Metrics();
  const onBatch = (_: string, size: number) => metrics.batches.observe(size);
  return {
    pool: new ModelPool(models, { engine, threads, waiting: waitingPredictions, onBatch, onNotice }),
    metrics,
    bodies: new BodyReader(Math.max(leastBodyBytes, 2 * mostBodyBytes(maxBytes))),
    decoders: new Decoders({ limits: imageLimits, waiting: waitingDecodes }),
    feed: new RunFeed(store),
    maxBytes,
  };
}

async function release({ pool, decoders, metrics }: ServerParts): Promise<void> {
  await decoders.close();
  await pool.close();
  metrics.close();
}

function listenError(error: unknown, { host, port }: ServerOptions): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use; choose another with --port, or 0 for any free one`,
    EACCES: `port ${port} needs more rights than this user has; choose one above 1023 with --port`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host`,
    ENOTFOUND: `${host} is not known; choose another with --host`,
    EAI_AGAIN: `${host} is not known; choose another with --host`,
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  return reason ? new UserError(`Cannot serve on ${host}: ${reason}.`) : error;
}
