import { expect, test } from "vitest";
import { jsonLines, run, temporaryFolder, tiny } from "./program.js";

const ascii = /^[\n -~]+$/;

test.each<[string, string[], NodeJS.ProcessEnv]>([
  ["LC_ALL=C", [], { LC_ALL: "C" }],
  ["LC_ALL=POSIX", [], { LC_ALL: "POSIX" }],
  ["no locale", [], { LC_ALL: "", LC_CTYPE: "", LANG: "" }],
  ["--ascii", ["--ascii"], {}],
])("with %s lines and tables keep to ASCII", async (_, flags, env) => {
  const folder = temporaryFolder();
  const summary = await run(["summary", "residual", ...flags], { env });
  expect(summary.stdout).toMatch(ascii);
  expect(summary.stdout).toContain("3x3");
  // A batch too large is said, so that a warning is among the lines.
  const trained = await run(["train", "--compare", "compact,compact:lr=1e-9", ...tiny, "--batch-size", "65", ...flags], {
    cwd: folder,
    env,
  });
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stdout).toMatch(ascii);
  expect(trained.stdout).toContain("stored in");
});

test("in the C locale lists, reports, help and errors keep to ASCII", async () => {
  const folder = temporaryFolder();
  const env = { LC_ALL: "C" };
  await run(["train", "--model", "compact", ...tiny, "--run", "a", "--json"], { cwd: folder, env });
  for (const args of [["runs"], ["summary", "--help"], ["doctor", "--wait", "0.1"]])
    expect((await run(args, { cwd: folder, env })).stdout, args.join(" ")).toMatch(ascii);
  const refused = await run(["train", "--run", "a b"], { cwd: folder, env });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^mnist-tui: A run name has 1 to 64 of A-Z, .*\n$/)]);
  // A name that the user gave is the user's.
  const named = await run(["train", "--config", "größe.json"], { cwd: folder, env });
  expect(named.stderr).toContain("größe.json");
});

test("JSON is the same in every locale", async () => {
  const folder = temporaryFolder();
  const [unicode, c] = await Promise.all([{}, { LC_ALL: "C" }].map((env) => run(["summary", "residual", "--json"], { cwd: folder, env })));
  expect(jsonLines(c.stdout)).toEqual(jsonLines(unicode.stdout));
  expect(c.stdout).toContain("×");
});

test("a UTF-8 locale gets its signs", async () => {
  expect((await run(["summary", "residual"], { env: { LC_ALL: "en_US.UTF-8" } })).stdout).toContain("3×3");
});
