import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const script = join(import.meta.dirname, "../../scripts/check-imports.mjs");

const { checkFile, checkImports }: { checkFile(file: string, text: string): string[]; checkImports(root: string): string[] } = await import(
  pathToFileURL(script).href
);

describe("import direction", () => {
  it("holds in this repository", () => {
    expect(checkImports(join(import.meta.dirname, "../.."))).toEqual([]);
  });

  it.each([
    [
      "upwards",
      "src/util/b.ts",
      'import { x } from "../data/idx.js";',
      /src\/util\/b\.ts:1: imports src\/data\/idx\.ts: imports go bin → cli/,
    ],
    ["upwards, a type", "src/model/m.ts", 'import type { Run } from "../train/loop.js";', /imports a type of src\/train\/loop\.ts/],
    [
      "upwards, dynamically",
      "src/run/r.ts",
      '\nconst a = await import("../cli/main.js");',
      /src\/run\/r\.ts:2: imports src\/cli\/main\.ts/,
    ],
    ["upwards, by re-export", "src/config/c.ts", 'export * from "../run/log.js";', /imports src\/run\/log\.ts/],
    ["sideways, a value", "src/train/t.ts", 'import { draw } from "../serve/server.js";', /imports src\/serve\/server\.ts/],
    [
      "sideways, a type",
      "src/model/m.ts",
      'import type { Field } from "../picture/field.js";',
      /imports a type of src\/picture\/field\.ts/,
    ],
    ["upwards, a value beside a type", "src/data/d.ts", 'import { type A, b } from "../run/log.js";', /imports src\/run\/log\.ts/],
    [
      "an engine's type in a view",
      "src/ui/lines.ts",
      'import type { Split } from "../engine/contract/session.js";',
      /a view looks at run\/state/,
    ],
    ["an engine in a view", "src/ui/lines.ts", 'import { e } from "../engine/registry.js";', /a view looks at run\/state/],
    ["an engine in a report, dynamically", "src/report/r.ts", 'import("../engine/registry.js")', /never at an engine/],
    ["the terminal in a pure view", "src/ui/lines.ts", 'import { s } from "./tui/screen.js";', /only tui\/ and cli\/ know the terminal/],
    [
      "an engine in another engine",
      "src/engine/cuda/s.ts",
      'import { r } from "../cpu/program.js";',
      /engines share src\/engine\/\{contract, shared/,
    ],
    ["an engine's type in another engine", "src/engine/tfjs/s.ts", 'import type { R } from "../reference/loss.js";', /and nothing else/],
    ["an engine in what engines share", "src/engine/contract/c.ts", 'export * from "../cpu/engine.js";', /and nothing else/],
    ["blessed elsewhere", "src/ui/lines.ts", 'import blessed from "blessed";', /only src\/ui\/tui\/ may import blessed/],
    ["blessed elsewhere, by require", "src/cli/a.ts", 'const b = require("blessed-contrib");', /may import blessed-contrib/],
    ["commander elsewhere", "src/train/t.ts", 'import { Command } from "commander";', /only src\/cli\/ may import commander/],
    ["the launcher reaching past cli", "src/cli/a.ts", 'import "../../bin/mnist-tui.js";', /imports bin\/mnist-tui\.js/],
    ["an unknown folder", "src/misc/a.ts", 'import "../util/a.js";', /outside the known folders/],
    ["an exit", "src/train/t.ts", "process.exit(1);", /process\.exit outside cli\//],
    ["an exit by another name", "src/train/t.ts", 'import { exit as leave } from "node:process";', /process\.exit outside cli\//],
  ])("refuses %s", (_, file, text, message) => {
    const violations = checkFile(file, text);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });

  it("accepts the imports that the design allows", () => {
    const files = {
      "bin/mnist-tui.js": 'import("../dist/cli/main.js");',
      "src/cli/main.ts": 'import { Command } from "commander"; import { d } from "../ui/tui/dashboard.js"; process.exit(1);',
      "src/ui/lines.ts":
        'import type { RunState } from "../run/state/state.js"; import { help } from "./panels/help.js"; import "../util/a.js";',
      "src/ui/tui/dashboard.ts": 'import blessed from "blessed"; import { press } from "../interaction.js";',
      "src/serve/server.ts":
        'import { RunStore } from "../run/state/store.js"; import { e } from "../engine/registry.js"; import "fastify";',
      "src/predict/classifier.ts": 'import { readImage } from "../picture/read.js"; import { selectEngine } from "../engine/registry.js";',
      "src/run/checkpoint.ts":
        'import type { State } from "../engine/contract/state.js"; import { type Tensor } from "../engine/contract/state.js";',
      "src/data/idx.ts": 'export type { DatasetName } from "../config/types.js"; process.exitCode = 1;',
      "src/engine/cpu/run/engine.ts": 'import { check } from "../../contract/check.js"; import json from "../../../../package.json";',
      "src/engine/registry.ts": 'import("./cpu/engine.js"); import("./cuda/engine.js");',
    };
    for (const [file, text] of Object.entries(files)) expect(checkFile(file, text)).toEqual([]);
  });

  it("finds circles of files, through types too, and reports each once", () => {
    const root = mkdtempSync(join(tmpdir(), "mnist-tui-imports-"));
    try {
      for (const folder of ["bin", "src/util", "src/model"]) mkdirSync(join(root, folder), { recursive: true });
      const files = {
        "src/util/a.ts": 'import type { B } from "./b.js";',
        "src/util/b.ts": 'export { c } from "./c.js"; import "./d.js";',
        "src/util/c.ts": 'import type { A } from "./a.js"; import("./b.js");',
        "src/util/d.ts": "",
        "src/model/e.ts": 'import { a } from "../util/a.js"; import { d } from "../util/d.js";',
      };
      for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
      expect(checkImports(root)).toEqual([
        "src/util/a.ts: imports itself: src/util/a.ts → src/util/b.ts → src/util/c.ts → src/util/a.ts",
        "src/util/b.ts: imports itself: src/util/b.ts → src/util/c.ts → src/util/b.ts",
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("prints each violation of a tree on a line and exits with 1", () => {
    const root = mkdtempSync(join(tmpdir(), "mnist-tui-imports-"));
    try {
      for (const folder of ["bin", "src/util"]) mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, "bin/mnist-tui.js"), "");
      writeFileSync(join(root, "src/util/a.ts"), 'import "../cli/main.js";\nprocess.exit(1);\n');
      const { stdout, status } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
      expect(stdout).toMatch(/^src\/util\/a\.ts:1: imports src\/cli\/main\.ts.*\nsrc\/util\/a\.ts:2: process\.exit.*\n$/);
      expect(status).toBe(1);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
