/** 128 plus the number of the signal, as shells have it. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** Exit code of an interrupt, by the signal or by Ctrl-C on a screen that reads keys. */
export const interruptCode = codes.SIGINT;
type Handled = keyof typeof codes;

interface SignalWatch {
  /** Exit code of the process because of the first signal; undefined where none came. */
  readonly exitCode: number | undefined;
  /** Resolves at the first signal. */
  readonly received: Promise<void>;
  end(): void;
}

/**
 * Takes over INT, TERM and HUP.
 * @param onSignal called at each one; a second one asks to end at once
 */
export function watchSignals(onSignal: (time: "first" | "later") => void): SignalWatch {
  let exitCode: number | undefined;
  let resolve!: () => void;
  const received = new Promise<void>((done) => {
    resolve = done;
  });
  const listener = (name: NodeJS.Signals) => {
    const time = exitCode === undefined ? "first" : "later";
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
