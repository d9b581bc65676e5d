import { describe, expect, it } from "vitest";
import { allEnded } from "../../dist/run/state/progress.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import type { RunState } from "../../dist/run/state/state.js";
import { initialUi, press, type UiState } from "../../dist/ui/interaction.js";
import {
  fieldText,
  initialSetup,
  type ModelDraft,
  pressSetup,
  type SetupChoices,
  type SetupState,
  trainArguments,
} from "../../dist/ui/setup-form.js";
import { charsetFor, dashboardUnavailable, terminalTraits } from "../../dist/ui/terminal.js";
import { asciiText, cellText, wrap } from "../../dist/ui/text.js";
import { keyName } from "../../dist/ui/tui/terminal/keys.js";
import { plainText } from "../../dist/util/plain-text.js";
import { fakeRun, fakeStart } from "../run/fake-run.js";

function play(count: number): RunState {
  let state = initialState();
  let index = 0;
  for (const event of fakeRun({ models: ["simple", "residual"], epochs: 2, stepsPerEpoch: 20, chunk: 4 })) {
    if (index++ >= count) break;
    state = reduce(state, event);
  }
  return state;
}

const running = play(20);
const over = play(1e9);

function later(ui: UiState, keys: string[], state = running): UiState {
  return keys.reduce((now, key) => press(now, key, state).ui, ui);
}

describe("keys", () => {
  it("q asks once, then saves and leaves; any other key cancels", () => {
    const asked = press(initialUi(), "q", running);
    expect(asked).toMatchObject({ ui: { overlay: "confirm-quit" }, effects: [] });
    expect(press(asked.ui, "n", running)).toMatchObject({ ui: { overlay: "none", quitting: false }, effects: [] });
    expect(press(asked.ui, "q", running)).toMatchObject({
      ui: { overlay: "none", quitting: true },
      effects: [{ type: "quit", how: "save" }],
    });
  });

  it("the first Ctrl-C saves and leaves, the second one leaves without waiting, from any overlay", () => {
    for (const overlay of ["none", "help", "drawing", "confirm-quit", "confirm-stop"] as const) {
      const first = press({ ...initialUi(), overlay }, "C-c", running);
      expect(first.effects).toEqual([{ type: "quit", how: "save" }]);
      expect(press(first.ui, "C-c", running).effects).toEqual([{ type: "quit", how: "now" }]);
    }
  });

  it("the keys of views and charts still work on the final screen, and any other key leaves", () => {
    expect(allEnded(over)).toBe(true);
    expect(press(initialUi(), "2", over)).toMatchObject({ ui: { view: 2 }, effects: [] });
    expect(press(initialUi(), "l", over).effects).toEqual([]);
    for (const key of ["q", "enter", "escape", "space", "C-c", "Q", "y"])
      expect(press(initialUi(), key, over).effects).toEqual([{ type: "leave" }]);
  });

  it("space resumes where a model is paused", () => {
    const paused = reduce(running, { run: "r", model: "simple", type: "pause", time: fakeStart + 1e5, step: 3 });
    expect(press(initialUi(), "space", running).effects).toEqual([{ type: "send", command: { type: "pause" } }]);
    expect(press(initialUi(), "space", paused).effects).toEqual([{ type: "send", command: { type: "resume" } }]);
  });

  it("the keys of the learning rate and x act on the selected model unless it has ended", () => {
    const second = later(initialUi(), ["tab"]);
    expect(press(second, "+", running).effects).toEqual([
      { type: "send", command: { type: "learningRate", factor: 1.25 }, model: "residual" },
    ]);
    const stopped = reduce(running, { run: "r", model: "residual", type: "error", time: fakeStart + 1e5, message: "gone" });
    expect(press(second, "+", stopped).effects).toEqual([]);
    expect(press(second, "x", stopped).ui.overlay).toBe("none");
    const confirmed = press(press(second, "x", running).ui, "y", running);
    expect(confirmed.effects).toEqual([{ type: "send", command: { type: "stop", reason: "stopped" }, model: "residual" }]);
  });

  it("choices wrap around at their ends", () => {
    expect(later(initialUi(), ["z", "z", "z", "z"]).chart.zoom).toBe(1);
    expect(later(initialUi(), ["e"]).chart.xAxis).toBe("step");
    expect(later(initialUi(), ["a", "a", "a"]).chart.accuracyAxis).toBe("auto");
    expect(later(initialUi(), ["w"]).chart.smoothing).toBeGreaterThan(0);
    expect(later(initialUi(), ["tab", "tab"]).selected).toBe(0);
    expect(later(initialUi(), ["S-tab"]).selected).toBe(1);
    expect(later(initialUi(), ["3", "v", "v"]).samplesMode).toBe("uncertain");
    expect(later(initialUi(), ["2", "up", "left"]).confusion).toMatchObject({ row: 9, column: 9 });
    expect(later({ ...initialUi(), view: 2 }, [",", ",", ","], over).back).toBe(1);
  });

  it("the cursor stays inside the chart, and Esc removes it", () => {
    const left = later(
      initialUi(),
      Array.from({ length: 99 }, () => "left"),
    );
    expect(left.chart.cursor).toBe(0);
    expect(later(left, ["escape"]).chart.cursor).toBeUndefined();
  });

  it("have the same names in every terminal", () => {
    expect(keyName("Q", { name: "q", full: "S-q", shift: true })).toBe("Q");
    expect(keyName(" ", { name: "space", full: "space" })).toBe("space");
    expect(keyName("\r", { name: "return", full: "return" })).toBeUndefined();
    expect(keyName("\r", { name: "enter", full: "enter" })).toBe("enter");
    expect(keyName(undefined, { name: "left", full: "left" })).toBe("left");
    expect(keyName("\u0003", { name: "c", full: "C-c", ctrl: true })).toBe("C-c");
    expect(keyName("?", { full: "?" })).toBe("?");
  });
});

describe("set-up form", () => {
  const optimizerOf = ({ preset, optimizer }: ModelDraft) => optimizer || (preset === "compact" ? "sgd" : "adam");
  const choices: SetupChoices = {
    datasets: ["mnist", "fashion-mnist", "synthetic"],
    presets: ["simple", "residual", "compact"].map((name) => ({ name, description: "", parameters: 1 })),
    fields: [
      { key: "optimizer", flag: "optimizer", label: "optimizer", values: ["adam", "sgd", "rmsprop"], ofPreset: true },
      { key: "lr", flag: "lr", label: "learning rate" },
      { key: "dropout", flag: "dropout", label: "dropout" },
      { key: "batchSize", flag: "batch-size", label: "batch size" },
      { key: "kernels", flag: "kernels", label: "kernels", ofPreset: true },
      { key: "epochs", flag: "epochs", label: "epochs" },
    ],
    usual: (model, field) => (field === "optimizer" ? optimizerOf(model) : field === "lr" && optimizerOf(model) === "sgd" ? "0.01" : field),
    check: (args) => (args.join(" ").includes("lr=99") ? "too much" : undefined),
  };
  const typing = (state: SetupState, ...keys: string[]) => keys.reduce((now, key) => pressSetup(now, key, choices), state);

  it("starts with the defaults of `mnist-tui train`", () => {
    expect(trainArguments(initialSetup(choices), choices)).toEqual(["train", "--compare", "simple,residual"]);
    expect(typing(initialSetup(choices), "enter").outcome).toBe("start");
  });

  it("writes the settings that all models share as flags, and the others in the entries", () => {
    const epochs = typing(initialSetup(choices), "up", "3", "right", "3");
    expect(trainArguments(epochs, choices)).toEqual(["train", "--compare", "simple,residual", "--epochs", "3"]);
    const rate = typing(epochs, "up", "up", "up", "up", "1", "e", "-", "4", "up", "space");
    expect(trainArguments(rate, choices)).toEqual(["train", "--compare", "simple,residual:optimizer=sgd:lr=1e-4", "--epochs", "3"]);
    const dataset = typing(rate, "up", "up", "right");
    expect(trainArguments(dataset, choices)).toContain("fashion-mnist");
  });

  it("adds and removes models, and a preset brings its own optimizer", () => {
    const optimizer = { key: "optimizer", label: "optimizer", kind: "choice" } as const;
    const three = typing(initialSetup(choices), "a");
    expect(three.models.map((model) => [model.preset, fieldText(model, optimizer, choices).text])).toEqual([
      ["simple", "adam"],
      ["residual", "adam"],
      ["compact", "sgd"],
    ]);
    expect(trainArguments(three, choices)).toEqual(["train", "--compare", "simple,residual,compact"]);
    const one = typing(three, "x", "x", "x");
    expect(trainArguments(one, choices)).toEqual(["train", "--model", "simple"]);
  });

  it("writes no flag for a choice that has returned to its default", () => {
    const round = typing(initialSetup(choices), "up", "up", "up", "up", "up", "up", "space", "space", "space");
    expect(trainArguments(round, choices)).toEqual(["train", "--compare", "simple,residual"]);
    const changed = typing(round, "space");
    expect(fieldText(changed.models[0], { key: "lr", label: "", kind: "text" }, choices)).toEqual({ text: "0.01", given: "default" });
  });

  it("does not start a run that would be refused", () => {
    const bad = typing(initialSetup(choices), "up", "up", "up", "up", "up", "9", "9", "down", "down", "down", "down", "down");
    expect(typing(bad, "enter").outcome).toBe("open");
    expect(typing(bad, "escape").outcome).toBe("cancel");
  });
});

describe("terminals", () => {
  const traits = (env: Record<string, string>, ascii = false, color = true) => terminalTraits({ env, ascii, color });

  it("get the colours and characters that they can show", () => {
    expect(traits({ TERM: "xterm-256color", LANG: "C.UTF-8" })).toEqual({ depth: 256, charset: "unicode" });
    expect(traits({ TERM: "xterm", COLORTERM: "truecolor" }).depth).toBe(256);
    expect(traits({ TERM: "screen" }).depth).toBe(16);
    expect(traits({ TERM: "vt100" }).depth).toBe(1);
    expect(traits({ TERM: "xterm-256color", NO_COLOR: "1" }).depth).toBe(1);
    expect(traits({ TERM: "xterm-256color", NO_COLOR: "" }).depth).toBe(256);
    expect(traits({ TERM: "xterm-256color" }, false, false).depth).toBe(1);
    expect(traits({ TERM: "linux", LANG: "C.UTF-8" }).charset).toBe("ascii");
    expect(traits({ TERM: "xterm", LANG: "C.UTF-8" }, true).charset).toBe("ascii");
  });

  it.each<[Record<string, string>, "unicode" | "ascii"]>([
    [{ LANG: "C.UTF-8" }, "unicode"],
    [{ LANG: "de_DE.utf8" }, "unicode"],
    [{ LANG: "en_US" }, "unicode"],
    [{ LC_CTYPE: "UTF-8" }, "unicode"],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }, "unicode"],
    [{ LANG: "de_DE.ISO-8859-1" }, "ascii"],
    [{ LANG: "de_DE.ISO-8859-15@euro" }, "ascii"],
    [{ LANG: "C" }, "ascii"],
    [{ LC_ALL: "POSIX", LANG: "C.UTF-8" }, "ascii"],
    [{ LC_ALL: "C", LC_CTYPE: "C.UTF-8" }, "ascii"],
    [{}, "ascii"],
    [{ LANG: "" }, "ascii"],
  ])("with the locale %j write %s", (env, charset) => {
    expect(terminalTraits({ env, ascii: false, color: true, platform: "linux" }).charset).toBe(charset);
    expect(charsetFor({ env, ascii: false, platform: "linux" })).toBe(charset);
    expect(charsetFor({ env, ascii: true, platform: "linux" })).toBe("ascii");
  });

  it("need no locale on Windows", () => {
    expect(charsetFor({ env: {}, ascii: false, platform: "win32" })).toBe("unicode");
  });

  it("get no dashboard where they cannot show it", () => {
    const both = { input: true, output: true };
    expect(dashboardUnavailable(both, { TERM: "xterm" })).toBeUndefined();
    expect(dashboardUnavailable({ input: true, output: false }, { TERM: "xterm" })).toContain("standard output");
    expect(dashboardUnavailable({ input: false, output: true }, { TERM: "xterm" })).toContain("standard input");
    expect(dashboardUnavailable(both, { TERM: "dumb" })).toContain("dumb");
    expect(dashboardUnavailable(both, {})).toContain("TERM");
  });
});

describe("text", () => {
  it("loses escape sequences and control characters", () => {
    expect(plainText("a\u001b[31mb\u001b]8;;http://x\u0007c\u001b(0d\u0000\u0008\u007f")).toBe("abcd");
    expect(plainText("one\r\ntwo\tthree")).toBe("one two three");
    expect(plainText("abc\u202edef\u200b")).toBe("abcdef");
  });

  it("has characters of one cell only, and only ASCII on request", () => {
    expect(cellText("a漢b🙂c")).toBe("a?b?c");
    expect(cellText("é×…─⠿")).toBe("é×…─⠿");
    expect(asciiText("3×3 · 98 % → …")).toBe("3x3 . 98 % > ~");
  });

  it("wraps at blanks", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
    expect(wrap("x", 0)).toEqual([]);
  });
});
