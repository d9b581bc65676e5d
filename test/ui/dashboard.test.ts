import { constants } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "vitest";
import { keys, Session, type SessionOptions } from "./terminal-harness.js";

/** Starts a session that ends with its test. */
function open(context: TestContext, options: SessionOptions): Session {
  const session = new Session(options);
  context.onTestFinished(() => session.dispose());
  return session;
}

const pretrained = path.join(import.meta.dirname, "../../checkpoints/pretrained");
const half = ["--pace", "0", "--until", "330"];
const views: [key: string, marker: RegExp, name: string][] = [
  ["1", /1 Overview[\s\S]* accuracy /, "overview"],
  ["2", /most confused/, "confusion"],
  ["3", /samples simple[\s\S]*97%/, "samples"],
  ["4", /first-layer filters/, "model"],
  ["5", /memory of each trainer/, "system"],
];

describe.skipIf(process.platform === "win32")("screens", () => {
  for (const [columns, rows, ascii] of [
    [80, 24, "unicode"],
    [120, 40, "unicode"],
    [200, 60, "unicode"],
    [80, 24, "ascii"],
    [120, 40, "ascii"],
  ] as const) {
    it.concurrent(`are those of test/ui/screens, ${columns}×${rows} in ${ascii}`, async (context) => {
      const session = open(context, { columns, rows, replay: [...half, ...(ascii === "ascii" ? ["--ascii"] : [])] });
      await session.shows(/64 %, 0:5\d left/);
      for (const [key, marker, name] of views) {
        session.press(key);
        if (name === "confusion") {
          // The cell's images arrive after the matrix. When the view is left and opened a second time, its first frame has them.
          await session.until(() => session.read("trace").includes('"type":"examples"'), "the cell's images should be asked for");
          session.press("1");
          await session.shows(views[0][1]);
          session.press(key);
        }
        await session.shows(marker);
        const text = session.text();
        if (ascii === "ascii") context.expect(text).toMatch(/^[\n -~]*$/);
        await context.expect(`${text}\n`).toMatchFileSnapshot(`screens/${name}-${columns}x${rows}-${ascii}.txt`);
      }
    });
  }

  it.concurrent("have no colour with NO_COLOR or in a terminal without colours, and only sixteen colours where the terminal has sixteen", async (context) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for escape sequences
    const colour = /\u001b\[(?:[\d;]*;)?(?:3[0-7]|38|4[0-7]|48|9[0-7]|10[0-7])(?:;[\d;]*)?m/;
    const one = open(context, { columns: 80, rows: 24, replay: half, env: { NO_COLOR: "1" } });
    const two = open(context, { columns: 80, rows: 24, replay: half, env: { TERM: "vt220" } });
    const three = open(context, { columns: 80, rows: 24, replay: half, env: { TERM: "xterm" } });
    for (const session of [one, two, three]) {
      await session.shows(/64 %, 0:5\d left/);
      session.press("2");
      await session.shows("most confused");
    }
    context.expect(one.raw).not.toMatch(colour);
    context.expect(two.raw).not.toMatch(colour);
    context.expect(three.raw).toMatch(colour);
    context.expect(three.raw).not.toContain("8;5;");
  });

  it.concurrent("have neither errors nor letters in place of lines in TERM=screen-256color", async (context) => {
    const session = open(context, { columns: 80, rows: 24, replay: half, env: { TERM: "screen-256color" } });
    await session.shows(/64 %, 0:5\d left/);
    context.expect(session.raw).not.toContain("Error on");
    context.expect(session.text()).toContain("┌─ loss ─");
  });

  it.concurrent("are not black before the first step", async (context) => {
    const session = open(context, { columns: 80, rows: 24, replay: ["--pace", "0", "--until", "0"] });
    await session.shows("starting …");
    context.expect(session.text()).toContain("1 Overview");
  });

  it.concurrent("show stray output in the log instead of among the panels, and print it after leaving", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: [...half, "--trouble", "noise"] });
    await session.shows("Warning: something old is used");
    context.expect(session.text()).toMatch(/│\d\d:\d\d:\d\d {2}stray error red/);
    session.press("q", "y");
    await session.end();
    context.expect(session.text()).toContain("stray output");
  });

  it.concurrent("are replaced by a message while the terminal is too small, and then return", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    const before = session.text();
    session.child.resize(40, 10);
    session.terminal.resize(40, 10);
    await session.shows("too small");
    session.child.resize(120, 40);
    session.terminal.resize(120, 40);
    await session.shows("comparison");
    context.expect(session.text()).toBe(before);
  });

  it.concurrent("survive 500 random resizes between 1×1 and 300×100", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    const before = session.text();
    let seed = 12345;
    const random = (limit: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return 1 + (Math.floor(seed / 65536) % limit);
    };
    for (let count = 0; count < 500; count++) {
      session.child.resize(random(300), random(100));
      if (count % 25 === 0) session.press(String(1 + ((count / 25) % 5)));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    session.press("1");
    session.child.resize(120, 40);
    session.terminal.reset();
    session.press("\u000c");
    await session.until(() => session.text() === before, "the screen should be as before");
    context.expect(session.read("code")).toBe("");
  });
});

describe.skipIf(process.platform === "win32")("keys", () => {
  it.concurrent("pause, resume, checkpoint, change the learning rate and stop a model", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    session.press(keys.tab);
    await session.shows("▸ residual");
    session.press(" ");
    await session.shows("64 % paused");
    session.press(" ", "s", "+", "-", "x");
    await session.shows("Stop residual and keep its best?");
    session.press("x");
    await session.shows("residual stops");
    const sent = session
      .read("trace")
      .split("\n")
      .filter((line) => line.startsWith("{"));
    context
      .expect(sent)
      .toEqual([
        '{"type":"pause"} all',
        '{"type":"resume"} all',
        '{"type":"checkpoint"} all',
        '{"type":"learningRate","factor":1.25} residual',
        '{"type":"learningRate","factor":0.8} residual',
        '{"type":"stop","reason":"stopped"} residual',
      ]);
  });

  it.concurrent("ask the trainer once for the digits of a confusion cell", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    session.press("2", keys.down, keys.down, keys.left, keys.left, keys.left);
    const question = '"label":2,"prediction":7,"step":585} simple';
    await session.until(() => session.read("trace").includes(question), "the digits should be asked for");
    await session.shows("of class 2 read as 7");
    context.expect(session.read("trace").match(/"label":2,"prediction":7/g)).toHaveLength(1);
  });

  it.concurrent("draw a digit, and the screen shows the models' predictions", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    session.press("d");
    await session.shows("draw a digit");
    session.press(" ", keys.down, keys.down, keys.down);
    await session.shows(/simple reads \d/);
    context.expect(session.text()).toMatch(/residual reads \d/);
    session.press(keys.escape);
    await session.until(() => !session.text().includes("draw a digit"), "the panel should close");
  });

  it.concurrent("read all curves at the cursor", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    session.press("\u001b[H", ...Array.from({ length: 25 }, () => keys.right));
    await session.shows("epoch 2.50");
    session.press("e");
    await session.shows(/step 29\d/);
    session.press("e");
    await session.shows(/accuracy ─+ \d+:\d\d/);
  });

  it.concurrent("keep the final screen until a key, which leaves a summary on the normal screen", async (context) => {
    const session = open(context, { columns: 80, rows: 24, replay: ["--pace", "0"] });
    await session.shows("finished");
    context.expect(session.text()).toMatch(/last epoch: simple leads residual, \+\d\.\d\d % ± \d\.\d\d/);
    session.press("5");
    await session.shows("memory of each trainer");
    session.press(keys.enter);
    const { code } = await session.end();
    context.expect(code).toBe(0);
    context.expect(session.text()).toMatch(/residual: completed/);
    context.expect(session.text()).toContain("best: chosen on the test images");
  });
});

describe.skipIf(process.platform === "win32")("the mouse", () => {
  const sgr = (button: number, x: number, y: number, end: "M" | "m") => `\u001b[<${button};${x + 1};${y + 1}${end}`;

  it.concurrent("is off until a key turns it on, then draws, turns to another view and scrolls", async (context) => {
    const session = open(context, { columns: 120, rows: 40, replay: half });
    await session.shows(/64 %, 0:5\d left/);
    context.expect(session.terminal.modes.mouseTrackingMode).toBe("none");
    session.press("m", "d");
    await session.shows("draw a digit");
    session.press(sgr(0, 40, 10, "M"), sgr(32, 40, 14, "M"), sgr(32, 40, 18, "M"), sgr(0, 40, 18, "m"));
    await session.shows(/simple reads \d/);
    session.press(keys.escape);
    await session.until(() => !session.text().includes("draw a digit"), "the panel should close");
    session.press(sgr(0, 26, 0, "M"), sgr(0, 26, 0, "m"));
    await session.shows("most confused");
  });
});

describe.skipIf(process.platform === "win32")("the set-up form", () => {
  it.concurrent("shows its command line, and the error in it", async (context) => {
    const session = open(context, { columns: 100, rows: 30, mnistTui: [] });
    await session.shows("mnist-tui train --compare simple,residual");
    session.press(keys.up, "2", keys.right, "2");
    await session.shows("mnist-tui train --compare simple,residual --epochs 2");
    session.press("a", keys.up, "7");
    await session.shows("kernels of compact must be");
    session.press("\u007f", keys.up, keys.up, keys.up, keys.up, " ");
    await session.shows("compact:optimizer=sgd");
    session.press(keys.escape, keys.escape);
    const ended = await session.end();
    context.expect(ended.code).toBe(0);
    context.expect(ended.after).toBe(ended.before);
    expectRestored(session, context);
  });

  it.concurrent("trains the described models", async (context) => {
    const data = process.env.MNIST_TUI_DATA ?? path.resolve(import.meta.dirname, "../../../shared/data");
    const session = open(context, { columns: 100, rows: 30, mnistTui: [], env: { MNIST_TUI_DATA: data } });
    await session.shows("set up a run");
    session.press(keys.enter);
    await session.until(() => session.text().includes("1 Overview"), "the dashboard should open");
    session.press("Q");
    const ended = await session.end();
    context.expect(ended.after).toBe(ended.before);
    expectRestored(session, context);
  });
});

describe.skipIf(process.platform === "win32")("the terminal is as before after", () => {
  type Way = [name: string, replay: string[], act: (session: Session) => void, code: number, said: string];
  const ways: Way[] = [
    ["q and y", [], (session) => session.press("q", "y"), 0, "run 2026-01-02T12-00-00, mnist"],
    ["Ctrl-C", [], (session) => session.press(keys.ctrlC), 0, "run 2026-01-02T12-00-00, mnist"],
    ["Q", [], (session) => session.press("Q"), 130, "run 2026-01-02T12-00-00, mnist"],
    ["SIGTERM", [], (session) => process.kill(session.pid(), "SIGTERM"), 143, ""],
    ["SIGHUP", [], (session) => process.kill(session.pid(), "SIGHUP"), 129, ""],
    ["SIGINT", [], (session) => process.kill(session.pid(), "SIGINT"), 130, ""],
    ...(["SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGXCPU"] as const).map(
      (signal): Way => [signal, [], (session) => process.kill(session.pid(), signal), 128 + constants.signals[signal], ""],
    ),
    ["an exception", ["--trouble", "throw"], () => {}, 1, "a fault in the parent"],
    ["a trainer's crash", ["--trouble", "error"], (session) => session.press("q", "y"), 0, "killed by SIGSEGV"],
  ];
  for (const [name, replay, act, code, said] of ways) {
    it.concurrent(name, async (context) => {
      const session = open(context, { columns: 80, rows: 24, replay: [...half, ...replay] });
      await session.until(() => session.read("trace").includes("ready"), "the dashboard should open");
      if (name === "an exception") await session.until(() => session.raw.includes("a fault"), "it should fail");
      else await session.shows(/left|failed/);
      session.press("m");
      if (name !== "an exception") await session.until(() => session.terminal.modes.mouseTrackingMode !== "none", "the mouse should be on");
      act(session);
      const ended = await session.end();
      context.expect(ended.code).toBe(code);
      expectRestored(session, context);
      context.expect(ended.after).toBe(ended.before);
      context.expect(session.text()).toContain(said);
    });
  }

  it.concurrent("suspending, and the screen returns after fg", async (context) => {
    const session = open(context, { columns: 80, rows: 24, replay: half, jobControl: true });
    await session.shows(/64 %, 0:5\d left/);
    const before = session.text();
    session.press(keys.ctrlZ);
    await session.shows("STOPPED");
    expectRestored(session, context);
    context.expect(session.read("stopped")).toBe(session.read("before"));
    session.press("\r");
    await session.until(() => session.terminal.buffer.active.type === "alternate", "fg should bring it back");
    await session.shows(/64 %, 0:5\d left/);
    context.expect(session.text()).toBe(before);
    session.press("q", "y");
    const ended = await session.end();
    expectRestored(session, context);
    context.expect(ended.after).toBe(ended.before);
  });
});

describe.skipIf(process.platform === "win32")("after a SIGSTOP from outside and fg, the screen is whole and reads keys", () => {
  const screens: [name: string, options: Partial<SessionOptions>, shown: string | RegExp, mouse: string, key: string, answer: string][] = [
    ["of the dashboard", { replay: half }, /64 %, 0:5\d left/, "m", "2", "most confused"],
    ["of the set-up form", { mnistTui: [] }, "mnist-tui train --compare simple,residual", "", "x", "mnist-tui train --model residual"],
    ["of draw", { mnistTui: ["draw", "--checkpoint", pretrained] }, "Or draw with the mouse", "", " ", "reads"],
  ];
  for (const [name, options, shown, mouse, key, answer] of screens) {
    it.concurrent(name, async (context) => {
      const session = open(context, { columns: 100, rows: 30, ...options, jobControl: true });
      await session.shows(shown);
      session.press(mouse);
      await session.until(() => mouse === "" || session.terminal.modes.mouseTrackingMode === "drag", "the mouse should be on");
      await session.shows(shown);
      const before = { text: session.text(), mouse: session.terminal.modes.mouseTrackingMode };
      const stoppedAt = session.raw.length;
      process.kill(session.pid(), "SIGSTOP");
      await session.until(() => session.raw.slice(stoppedAt).includes("STOPPED"), "the shell should have the terminal");
      session.press("\r");
      await session.until(() => session.raw.slice(stoppedAt).includes("\u001b[?1049h"), "fg should bring the screen back");
      await session.until(() => session.text() === before.text, "the screen should be as before");
      context.expect(session.terminal.modes.mouseTrackingMode).toBe(before.mouse);
      context.expect(session.raw.lastIndexOf("\u001b[?25l")).toBeGreaterThan(session.raw.lastIndexOf("\u001b[?25h"));
      session.press(key);
      await session.shows(answer);
      session.press(keys.ctrlC);
      const ended = await session.end();
      expectRestored(session, context);
      context.expect(ended.after).toBe(ended.before);
    });
  }
});

function expectRestored(session: Session, context: TestContext): void {
  context.expect(session.terminal.buffer.active.type).toBe("normal");
  context.expect(session.terminal.modes.mouseTrackingMode).toBe("none");
  context.expect(session.terminal.modes.applicationCursorKeysMode).toBe(false);
  context.expect(session.raw.lastIndexOf("\u001b[?25h")).toBeGreaterThan(session.raw.lastIndexOf("\u001b[?25l"));
}
