import type blessed from "blessed";
import type { Size } from "../paint/rectangle.js";
import { type BlessedScreen, createBlessedScreen } from "./blessed-screen.js";
import { type CapturedOutput, captureOutput } from "./captured-output.js";
import { keyName } from "./keys.js";
import { type MouseEvent, MouseReader, mouseOff, mouseOn } from "./mouse.js";
import { listenToSignals } from "./signals.js";

interface ScreenEvents {
  key(name: string): void;
  mouse(event: MouseEvent): void;
  resize(): void;
  /** A line that was written to stdout or stderr past the screen. */
  stray(line: string): void;
}

/** A screen of cells that takes the terminal over, keeps all other output away from it, and restores it whatever ends the process. */
export class Screen {
  private readonly output: CapturedOutput;
  private readonly blessedScreen: BlessedScreen;
  private readonly mouseReader = new MouseReader();
  private readonly stopListening: () => void;
  /** suspended: the shell has the terminal until SIGCONT. */
  private state: "open" | "suspended" | "closed" = "open";
  private mouse: "on" | "off" = "off";

  constructor(private readonly events: ScreenEvents) {
    this.output = captureOutput((line) => events.stray(line));
    this.blessedScreen = createBlessedScreen(this.output.terminal);
    this.stopListening = listenToSignals({
      stop: () => this.leaveTerminal(),
      continue: () => this.returnToTerminal(),
      end: () => this.close(),
    });
    const { program } = this.blessedScreen;
    process.stdin.on("error", ignore);
    program.removeAllListeners("resize");
    program.on("resize", () => this.redraw());
    program.on("keypress", (character: string | undefined, key: blessed.Widgets.Events.IKeyEventArg) => {
      const name = keyName(character, key);
      if (name !== undefined) events.key(name);
    });
    program.on("data", this.onData);
  }

  /** The terminal's columns and rows now. */
  size(): Size {
    return { width: this.output.terminal.columns, height: this.output.terminal.rows };
  }

  append(...boxes: blessed.Widgets.BoxElement[]): void {
    for (const box of boxes) this.blessedScreen.append(box);
  }

  /** Writes the cells that have changed. */
  render(): void {
    if (this.state === "open") this.blessedScreen.render();
  }

  /** Forgets the terminal's content, so that every cell is written. */
  redraw(): void {
    if (this.state !== "open") return;
    this.blessedScreen.alloc();
    this.events.resize();
  }

  setMouse(mode: "on" | "off"): void {
    if (mode === this.mouse || this.state === "closed") return;
    this.mouse = mode;
    this.output.terminal.write(mode === "on" ? mouseOn : mouseOff);
  }

  /** Stops the whole process group, as the terminal's own Ctrl-Z would: the trainers stop too. */
  suspend(): void {
    if (process.platform !== "win32") process.kill(0, "SIGTSTP");
  }

  /** Restores the terminal, synchronously. May be called more than once. */
  close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.stopListening();
    this.output.terminal.write(mouseOff);
    this.blessedScreen.program.removeListener("data", this.onData);
    this.blessedScreen.destroy();
    this.output.release();
    process.stdin.removeListener("error", ignore);
  }

  private readonly onData = (data: Buffer | string): void => {
    if (this.mouse === "on") for (const event of this.mouseReader.read(data.toString())) this.events.mouse(event);
  };

  private leaveTerminal(): void {
    if (this.state !== "open") return;
    this.state = "suspended";
    this.output.terminal.write(mouseOff);
    this.blessedScreen.leave();
    // The input stays open: without it nothing might keep the process alive until SIGCONT is handled.
    this.blessedScreen.program.input.setRawMode(false);
  }

  private returnToTerminal(): void {
    // After a SIGSTOP the shell has set modes of its own, while blessed and Node still believe in theirs: leaving makes them set all anew.
    this.leaveTerminal();
    if (this.state !== "suspended") return;
    this.state = "open";
    this.blessedScreen.program.input.setRawMode(true);
    this.blessedScreen.enter();
    if (this.mouse === "on") this.output.terminal.write(mouseOn);
    this.redraw();
  }
}

function ignore(): void {}
