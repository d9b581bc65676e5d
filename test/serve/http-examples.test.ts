import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningServer } from "../../dist/serve/server.js";
import { hasCurl, python, start } from "./support.js";

/** The three ways to ask for a prediction in docs/http.md, as they stand there, against a running server and the pretrained network. */

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "mnist-tui-http-examples-"));
let server: RunningServer;

beforeAll(async () => {
  const dir = join(root, "checkpoints/pretrained");
  server = await start({ models: [{ name: "compact", dir, origin: "pretrained" }] });
  // A one: an upright bar.
  const bar = Buffer.alloc(28 * 28);
  for (let y = 4; y < 24; y++) bar.fill(255, y * 28 + 13, y * 28 + 16);
  writeFileSync(
    join(folder, "digit.png"),
    await sharp(bar, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toBuffer(),
  );
});

afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the page's code block in that language, asking this test's server */
function example(language: string): string {
  const page = readFileSync(join(root, "docs/http.md"), "utf8");
  const block = page.match(new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``))?.[1];
  if (!block) throw new Error(`docs/http.md has no ${language} example of a prediction`);
  return block.replaceAll("http://127.0.0.1:5000", server.url);
}

function expectOne(answer: unknown): void {
  expect(answer).toMatchObject({ label: 1, name: "1", model: "compact" });
}

test.skipIf(!hasCurl)("curl (needs curl)", async () => {
  const { stdout } = await run("sh", ["-c", example("sh")], { cwd: folder });
  expectOne(JSON.parse(stdout));
});

test.skipIf(!python)("requests (needs Python with requests)", async () => {
  const { stdout } = await run(python!, ["-c", example("python")], { cwd: folder });
  expect(stdout).toMatch(/^\{'label': 1, 'name': '1'/);
});

test("fetch", async () => {
  const script = `import fs from "node:fs";\n${example("js")}\nconsole.log(JSON.stringify(answer));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
  expectOne(JSON.parse(stdout));
});
