/** The answers of a screen to signals. */
interface SignalResponses {
  /** The process is about to stop (Ctrl-Z): the terminal goes back to the shell. */
  stop(): void;
  /** The process goes on after a stop; SIGSTOP, which no process can handle, comes without a call of `stop` before. */
  continue(): void;
  /** The process is about to end: the terminal is restored for good. */
  end(): void;
}

/**
 * Signals that end a process unless it handles them, as far as Node can: SIGUSR1 and SIGPROF are Node's own, SIGPIPE and SIGXFSZ
 * are ignored by it. Those that a system does not have are event names that never occur.
 */
const fatalSignals = [
  "SIGTERM",
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGXCPU",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
] as const satisfies readonly NodeJS.Signals[];

/** Listens to the signals that concern a terminal, and to the process's end. @returns ends the listening */
export function listenToSignals(responses: SignalResponses): () => void {
  const onEnd = (): void => responses.end();
  // Where no other listener handles the signal, the signal ends the process as always, after the terminal was restored.
  const onFatal = (signal: NodeJS.Signals): void => {
    if (process.listeners(signal).some((listener) => listener !== onFatal)) return;
    responses.end();
    process.kill(process.pid, signal);
  };
  const onStop = (): void => {
    responses.stop();
    process.kill(process.pid, "SIGSTOP");
  };
  const onContinue = (): void => responses.continue();
  const listeners: [event: string, listener: (signal: NodeJS.Signals) => void][] = [
    ["exit", onEnd],
    ["uncaughtExceptionMonitor", onEnd],
    ...fatalSignals.map((signal): [string, typeof onFatal] => [signal, onFatal]),
  ];
  if (process.platform !== "win32") listeners.push(["SIGTSTP", onStop], ["SIGCONT", onContinue]);
  for (const [event, listener] of listeners) process.on(event, listener);
  return () => {
    for (const [event, listener] of listeners) process.removeListener(event, listener);
  };
}
