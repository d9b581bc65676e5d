import type { BodyReader } from "./body.js";
import type { Decoders } from "./decoders.js";
import type { Metrics } from "./metrics.js";
import type { ModelPool } from "./model-pool.js";
import type { RunFeed } from "./run-feed.js";

/** The parts of a server that its routes work with. */
export interface ServerParts {
  pool: ModelPool;
  bodies: BodyReader;
  decoders: Decoders;
  metrics: Metrics;
  feed: RunFeed;
  /** Largest picture, in bytes. */
  maxBytes: number;
}
