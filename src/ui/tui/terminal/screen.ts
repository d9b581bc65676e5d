import { EventEmitter } from "node:events";
import blessed from "blessed";
import { keyName } from "./keys.js";
import { type MouseEvent, MouseReader, mouseOff, mouseOn } from "./mouse.js";

/** A blessed screen that lets go of the terminal whatever happens, and that shares it with nobody while it has it. */
export interface Screen {
  screen: blessed.Widgets.Screen;
  /** Columns and rows of the terminal now. */
  size(): { columns: number; rows: number };
  render(): void;
  setMouse(mode: "on" | "off"): void;
  /** Draws every cell anew. */
  redraw(): void;
  /** Gives the terminal back to the shell until SIGCONT. */
  suspend(): void;
  /** Restores the terminal, synchronously. May be called more than once. */
  close(): void;
}

export interface ScreenEvents {
  key(name: string): void;
  mouse(event: MouseEvent): void;
  resize(): void;
  /** Text that something wrote to stdout or stderr while the screen was open, line by line. */
  stray(line: string): void;
}

/** What blessed's types do not tell. */
type Inside = Omit<blessed.Widgets.Screen, "program"> & {
  program: EventEmitter & { input: NodeJS.ReadStream };
  tput: { colors: number; unicode: boolean; brokenACS: boolean };
  enter(): void;
  leave(): void;
  alloc(): void;
};

const fatalSignals = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const;

export function openScreen(events: ScreenEvents): Screen {
  const { output, release } = takeOutput(events.stray);
  // Every terminal in use today understands xterm's sequences; TERM=screen-256color makes blessed print an error instead.
  const screen = blessed.screen({
    output,
    terminal: "xterm-256color",
    fullUnicode: false,
    forceUnicode: true,
    autoPadding: false,
    warnings: false,
  } as unknown as blessed.Widgets.IScreenOptions) as unknown as Inside;
  // Line-drawing by switching character sets is not understood inside tmux and screen: plain UTF-8 is.
  screen.tput.brokenACS = true;
  screen.tput.unicode = true;
  screen.tput.colors = 256;
  removeBlessedHandlers();

  let open = true;
  let suspended = false;
  const ignore = (): void => {};

  const onKey = (character: string | undefined, key: blessed.Widgets.Events.IKeyEventArg): void => {
    const name = keyName(character, key);
    if (name !== undefined) events.key(name);
  };
  const reader = new MouseReader();
  const onData = (data: Buffer | string): void => {
    if (mouse === "on") for (const event of reader.read(data.toString())) events.mouse(event);
  };
  const onResize = (): void => {
    if (suspended || !open) return;
    screen.alloc();
    events.resize();
  };
  const onStop = (): void => {
    leave();
    process.kill(process.pid, "SIGSTOP");
  };
  const onContinue = (): void => {
    if (!suspended || !open) return;
    suspended = false;
    screen.program.input.setRawMode(true);
    screen.enter();
    if (mouse === "on") enableMouse();
    onResize();
  };
  // Where nobody else handles a signal, the terminal is restored and the signal does what it always does.
  const onFatal = (signal: NodeJS.Signals): void => {
    if (process.listeners(signal).some((listener) => listener !== onFatal)) return;
    close();
    process.kill(process.pid, signal);
  };
  let mouse: "on" | "off" = "off";

  function enableMouse(): void {
    output.write(mouseOn);
  }

  function disableMouse(): void {
    output.write(mouseOff);
  }

  function leave(): void {
    if (suspended || !open) return;
    suspended = true;
    disableMouse();
    screen.leave();
    // The input stays open: without it nothing might keep the process alive until SIGCONT is handled.
    screen.program.input.setRawMode(false);
  }

  function close(): void {
    if (!open) return;
    open = false;
    process.removeListener("exit", close);
    process.removeListener("uncaughtExceptionMonitor", close);
    for (const signal of fatalSignals) process.removeListener(signal, onFatal);
    process.removeListener("SIGTSTP", onStop);
    process.removeListener("SIGCONT", onContinue);
    disableMouse();
    screen.program.removeListener("data", onData);
    screen.destroy();
    release();
    process.stdin.removeListener("error", ignore);
  }

  process.on("exit", close);
  process.on("uncaughtExceptionMonitor", close);
  for (const signal of fatalSignals) process.on(signal, onFatal);
  if (process.platform !== "win32") {
    process.on("SIGTSTP", onStop);
    process.on("SIGCONT", onContinue);
  }
  process.stdin.on("error", ignore);
  screen.program.removeAllListeners("resize");
  screen.program.on("resize", onResize);
  screen.program.on("keypress", onKey);
  screen.program.on("data", onData);

  return {
    screen: screen as unknown as blessed.Widgets.Screen,
    size: () => ({ columns: output.columns, rows: output.rows }),
    render: () => {
      if (open && !suspended) screen.render();
    },
    setMouse(mode) {
      if (mode === mouse) return;
      mouse = mode;
      if (mode === "on") enableMouse();
      else disableMouse();
    },
    redraw: onResize,
    suspend() {
      // The whole group, as the terminal's own Ctrl-Z would: the trainers stop too.
      if (process.platform !== "win32") process.kill(0, "SIGTSTP");
    },
    close,
  };
}

/** blessed's own handlers would exit with 0 on signals and exceptions. */
function removeBlessedHandlers(): void {
  const owner = (blessed as unknown as { Screen: Record<string, (() => void) | undefined> }).Screen;
  const handlers: [string, string][] = [
    ["uncaughtException", "_exceptionHandler"],
    ["SIGTERM", "_sigtermHandler"],
    ["SIGINT", "_sigintHandler"],
    ["SIGQUIT", "_sigquitHandler"],
  ];
  for (const [event, property] of handlers) {
    const handler = owner[property];
    if (handler !== undefined) process.removeListener(event, handler);
  }
}

/** stdout for blessed alone; what others write to stdout and stderr would smear the screen and goes to `stray` instead. */
function takeOutput(stray: (line: string) => void) {
  const { stdout, stderr } = process;
  const writeOut = stdout.write;
  const writeError = stderr.write;
  class Output extends EventEmitter {
    readonly isTTY = true;
    readonly writable = true;
    get columns(): number {
      return stdout.columns || 80;
    }
    get rows(): number {
      return stdout.rows || 24;
    }
    write(text: string): boolean {
      try {
        return writeOut.call(stdout, text as never);
      } catch {
        return false;
      }
    }
  }
  const output = new Output();
  const onResize = (): void => void output.emit("resize");
  const ignore = (): void => {};
  stdout.on("resize", onResize);
  stdout.on("error", ignore);
  stderr.on("error", ignore);
  const captured: string[] = [];
  const capture = function capture(chunk: unknown, ...rest: unknown[]): boolean {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8");
    if (captured.length < 200) captured.push(text);
    for (const line of text.split("\n")) if (line.trim() !== "") stray(line);
    const callback = rest.find((entry) => typeof entry === "function") as (() => void) | undefined;
    if (callback !== undefined) queueMicrotask(callback);
    return true;
  };
  stdout.write = capture as typeof stdout.write;
  if (stderr.isTTY) stderr.write = capture as typeof stderr.write;
  return {
    output: output as unknown as NodeJS.WriteStream,
    /** Gives the streams back; what was kept from the screen is printed now. */
    release(): void {
      stdout.write = writeOut;
      stderr.write = writeError;
      stdout.removeListener("resize", onResize);
      for (const text of captured) writeError.call(stderr, text as never);
      captured.length = 0;
    },
  };
}
