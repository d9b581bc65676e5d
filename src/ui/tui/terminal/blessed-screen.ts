import type { EventEmitter } from "node:events";
import blessed from "blessed";

/** A blessed screen with the parts that its types leave out. */
export type BlessedScreen = Omit<blessed.Widgets.Screen, "program"> & {
  program: EventEmitter & { input: NodeJS.ReadStream };
  tput: { colors: number; unicode: boolean; brokenACS: boolean };
  /** Alternate screen on or off, with cursor and keypad; without effect where it is so already. */
  enter(): void;
  leave(): void;
  /** Forgets the terminal's content, so that the next render writes every cell. */
  alloc(): void;
};

/** @returns a screen in the alternate buffer, without the process handlers that blessed installs */
export function createBlessedScreen(output: NodeJS.WriteStream): BlessedScreen {
  // Every terminal in use today understands xterm's sequences; TERM=screen-256color makes blessed print an error instead.
  const screen = blessed.screen({
    output,
    terminal: "xterm-256color",
    fullUnicode: false,
    forceUnicode: true,
    autoPadding: false,
    warnings: false,
  } as unknown as blessed.Widgets.IScreenOptions) as unknown as BlessedScreen;
  // Line-drawing by switching character sets is not understood inside tmux and screen: plain UTF-8 is.
  screen.tput.brokenACS = true;
  screen.tput.unicode = true;
  screen.tput.colors = 256;
  removeBlessedHandlers();
  return screen;
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
