import type { Decoders } from "./decoders.js";
import type { LiveView } from "./live.js";
import type { Metrics } from "./metrics.js";
import type { ModelPool } from "./model-pool.js";

/** The parts of a server that its routes work with. */
export interface ServerParts {
  pool: ModelPool;
  decoders: Decoders;
  metrics: Metrics;
  live: LiveView;
  /** Of one picture. */
  maxBytes: number;
}
