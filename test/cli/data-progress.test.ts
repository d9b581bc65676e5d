import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createDataProgress } from "../../dist/cli/data-progress.js";

function shown(isTTY: boolean, options?: { plain: boolean }): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const progress = createDataProgress(stream, options);
  for (const received of [0, 50, 100]) progress.update({ file: "digits", received, total: 100, unit: "digits" });
  progress.end();
  return String(stream.read());
}

test("a terminal gets a progress bar that is redrawn in its line", () => {
  const drawings = shown(true).split("\r\u001b[K");
  expect(drawings).toEqual(["", expect.stringMatching(/^digits {2}\[-+\] {3}0 %/), expect.stringMatching(/^digits {2}\[#+\] 100 %.*\n$/)]);
});

test.each([
  ["a terminal whose user asked for lines", true, { plain: true }],
  ["a file", false, undefined],
])("%s gets one line, without control sequences", (_, isTTY, options) => {
  expect(shown(isTTY, options)).toBe("generating digits (100)\n");
});
