/**
 * Mouse reports as xterm sends them in SGR mode: ESC [ < button ; column ; row, then M for pressed or moved, m for released.
 * blessed reads one report a chunk of input and takes motion with a button down for further presses; strokes need them all.
 */
export interface MouseEvent {
  action: "down" | "move" | "up" | "wheelUp" | "wheelDown";
  /** Cells from 0 on. */
  x: number;
  y: number;
}

/** Presses, releases, motion while a button is down; SGR reports, which know no largest column. */
export const mouseOn = "\u001b[?1002h\u001b[?1006h";
export const mouseOff = "\u001b[?1006l\u001b[?1002l";

const motion = 32;
const wheel = 64;

/** Splits input into mouse reports; a report cut by the end of a chunk waits for the next one. */
export class MouseReader {
  private rest = "";

  /** @returns the reports in this piece of input, in order */
  read(text: string): MouseEvent[] {
    const events: MouseEvent[] = [];
    const input = this.rest + text;
    let end = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: reports begin with ESC
    for (const match of input.matchAll(/\u001b\[<(\d{1,6});(\d{1,6});(\d{1,6})([Mm])/g)) {
      end = match.index + match[0].length;
      const [button, column, row] = match.slice(1, 4).map(Number);
      const action = actionOf(button, match[4]);
      if (action) events.push({ action, x: column - 1, y: row - 1 });
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: reports begin with ESC
    this.rest = /\u001b(\[(<[\d;]{0,20})?)?$/.exec(input.slice(end))?.[0] ?? "";
    return events;
  }
}

function actionOf(button: number, final: string): MouseEvent["action"] | undefined {
  if (button & wheel) return button & 2 ? undefined : button & 1 ? "wheelDown" : "wheelUp";
  if (final === "m") return "up";
  return button & motion ? "move" : "down";
}
