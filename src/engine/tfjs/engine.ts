import type { Engine, EngineName } from "../contract/engine.js";
import type { TfjsBackend } from "./backend.js";

/** Where a backend of TF.js comes from, and whether it can be had here. */
interface TfjsSource {
  name: EngineName;
  /** Loads and starts the backend. */
  open(options: { threads: number }): Promise<TfjsBackend>;
  unavailable: Engine["unavailable"];
  discouraged?: Engine["discouraged"];
}

/** Any backend of TF.js as an engine: one adapter for all of them. The library's state is global, so a process opens one backend. */
export function tfjsEngine({ name, open, unavailable, discouraged }: TfjsSource): Engine {
  let opened: Promise<TfjsBackend> | undefined;
  return {
    name,
    unavailable,
    discouraged,
    create: async (options) => {
      // Loaded here and not on import: unavailable() does not need it.
      const { TfjsSession } = await import("./session.js");
      opened ??= open({ threads: options.threads });
      return new TfjsSession(options, await opened, name);
    },
  };
}
