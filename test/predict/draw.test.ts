import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasMnist } from "../picture/pictures.js";
import { untrained } from "../serve/support.js";
import { keys, Session } from "../ui/terminal-harness.js";
import { program, trainedModel } from "./trained.js";

let dir: string;
let session: Session | undefined;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-draw-"));
  for (const [seed, name] of ["alpha", "beta"].entries()) await untrained(join(dir, "models", name), seed);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** xterm's mouse report (SGR): button, column and row from 1 on. */
const mouse = (button: number, x: number, y: number, end = "M") => `\u001b[<${button};${x};${y}${end}`;

/** Runs the draw command; at 100 × 40 a pixel of the canvas is two cells wide. */
function draw(checkpoint: string, size = { columns: 100, rows: 40 }): Session {
  session = new Session({ ...size, mnistTui: ["draw", "--checkpoint", checkpoint] });
  return session;
}

describe("mnist-tui draw", () => {
  it("reads what is drawn with keys, switches between models with tab, clears with c and leaves with q", async () => {
    const screen = draw(join(dir, "models"));
    try {
      await screen.shows("Arrows move the pen");
      expect(screen.text()).toContain("tab all models");
      screen.press(" ");
      for (let i = 0; i < 10; i++) screen.press(keys.down);
      await screen.shows(/alpha +reads \d[\s\S]*beta +reads \d/);
      screen.press(keys.tab);
      await screen.shows("tab alpha");
      expect(screen.text()).not.toMatch(/beta +reads/);
      expect(screen.text().match(/\d %/g)).toHaveLength(10);
      screen.press(keys.tab);
      await screen.shows(/beta +reads \d/);
      screen.press("c");
      await screen.shows("Arrows move the pen");
      screen.press("q");
      const { code, before, after } = await screen.end();
      expect(code).toBe(0);
      expect(after).toBe(before);
    } finally {
      screen.dispose();
    }
  });

  it("says on 80 × 24 too, uncut, how to draw and whose models read", async () => {
    const screen = draw(join(dir, "models"), { columns: 80, rows: 24 });
    try {
      await screen.shows("Arrows move the pen,");
      expect(screen.text()).toMatch(/draw a digit .* models .*\n/);
      expect(screen.text()).toContain("space lowers or lifts it.");
      screen.press(keys.tab);
      await screen.shows(/draw a digit .* alpha, models /);
      screen.press("q");
      expect((await screen.end()).code).toBe(0);
    } finally {
      screen.dispose();
    }
  });

  it("says when the terminal is too small, and is back where it is large enough", async () => {
    const screen = draw(join(dir, "models"), { columns: 80, rows: 24 });
    try {
      await screen.shows("Arrows move the pen,");
      const before = screen.text();
      screen.child.resize(59, 24);
      screen.terminal.resize(59, 24);
      await screen.shows("needs 60×20");
      expect(screen.text()).not.toContain("training");
      screen.child.resize(80, 24);
      screen.terminal.resize(80, 24);
      await screen.until(() => screen.text() === before, "the drawing should be as before");
    } finally {
      screen.dispose();
    }
  });

  it("Ctrl-C leaves with 130 and the terminal restored", async () => {
    const screen = draw(join(dir, "models", "alpha"));
    try {
      await screen.shows("Arrows move the pen");
      screen.press(keys.ctrlC);
      const { code, before, after } = await screen.end();
      expect([code, after]).toEqual([130, before]);
    } finally {
      screen.dispose();
    }
  });

  it.skipIf(!hasMnist)("reads a 7 drawn with the mouse (needs MNIST)", async () => {
    const screen = draw(trainedModel(join(dir, "checkpoints")));
    try {
      await screen.shows("Or draw with the mouse");
      const lines = screen.screen();
      const top = lines.findIndex((line) => line.includes("draw a digit"));
      const left = lines[top].search(/[┌╭+]/);
      const at = (x: number, y: number): [number, number] => [left + 2 + 2 * x, top + 2 + y];
      screen.press(mouse(0, ...at(8, 6)));
      for (let x = 9; x <= 19; x++) screen.press(mouse(32, ...at(x, 6)));
      for (let y = 7; y <= 22; y++) screen.press(mouse(32, ...at(Math.round(19 - (y - 6) * 0.4), y)));
      screen.press(mouse(0, ...at(13, 22), "m"));
      await screen.shows(/reads 7/);
      screen.press("q");
      expect((await screen.end()).code).toBe(0);
    } finally {
      screen.dispose();
    }
  });

  it("without a terminal: one sentence, exit code 1", () => {
    const { stderr, status } = spawnSync(process.execPath, [program, "draw", "--checkpoint", join(dir, "models")], { encoding: "utf8" });
    expect(stderr).toMatch(
      /^mnist-tui: draw needs a terminal, but standard output is not a terminal; use mnist-tui predict for files, .*\n$/,
    );
    expect(status).toBe(1);
  });
});
