const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Handled = keyof typeof codes;

export interface SignalWatch {
  /** What the process exits with because of the first signal; undefined where none came. */
  readonly exitCode: number | undefined;
  /** Resolves at the first signal. */
  readonly received: Promise<void>;
  end(): void;
}

/**
 * Takes over INT, TERM and HUP.
 * @param onSignal called at each one; whoever asks twice wants out now
 */
export function watchSignals(onSignal: (time: "first" | "again") => void): SignalWatch {
  let exitCode: number | undefined;
  let resolve!: () => void;
  const received = new Promise<void>((done) => {
    resolve = done;
  });
  const listener = (name: NodeJS.Signals) => {
    const time = exitCode === undefined ? "first" : "again";
    exitCode ??= codes[name as Handled];
    resolve();
    onSignal(time);
  };
  const names = Object.keys(codes) as Handled[];
  for (const name of names) process.on(name, listener);
  return {
    get exitCode() {
      return exitCode;
    },
    received,
    end() {
      for (const name of names) process.off(name, listener);
    },
  };
}
