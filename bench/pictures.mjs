// How well pictures are read, by kinds: generated pictures of each (test/picture/kinds.ts) through `mnist-tui predict --json`.
//
//   node bench/pictures.mjs [--count 60] [--first 0] [--kinds "plot,table"] [--program bin/mnist-tui.js] [--keep DIR] [--show]
//
// Pictures follow from their seeds, first … first + count − 1: seeds below 100,000 are for working on the code, others for reports.
// --keep keeps the pictures in DIR for later runs; --show names those that were not read as they should be.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs, promisify } from "node:util";
import { rolldown } from "rolldown";

const root = path.join(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "60" },
    first: { type: "string", default: "0" },
    kinds: { type: "string" },
    program: { type: "string", default: path.join(root, "bin/mnist-tui.js") },
    keep: { type: "string" },
    show: { type: "boolean", default: false },
  },
});
const [count, first] = [Number(values.count), Number(values.first)];

/** The generators are TypeScript: bundled where Node finds sharp from. */
async function generators() {
  const file = path.join(root, "dist/bench/kinds.mjs");
  const bundle = await rolldown({ input: path.join(root, "test/picture/kinds.ts"), external: ["sharp"], platform: "node" });
  await bundle.write({ file, format: "esm" });
  await bundle.close();
  return import(pathToFileURL(file).href);
}

const { kinds, sample, testDigits } = await generators();
const names = values.kinds ? values.kinds.split(",") : Object.keys(kinds);
for (const name of names) if (!(name in kinds)) throw new Error(`no kind ${name}; there are ${Object.keys(kinds).join(", ")}`);
const folder = values.keep ?? mkdtempSync(path.join(tmpdir(), "mnist-tui-pictures-"));
const digits = await testDigits();

/** @returns the kind's files; a file's name ends in its digits, or in "blank" */
async function filesOf(kind) {
  const place = path.join(folder, kind.replaceAll(/[^a-z0-9]+/g, "-"));
  mkdirSync(place, { recursive: true });
  const there = new Map(readdirSync(place).map((file) => [Number.parseInt(file, 10), path.join(place, file)]));
  const files = [];
  for (let seed = first; seed < first + count; seed++) {
    if (!there.has(seed)) {
      const { bytes, extension, labels } = await sample(kind, digits, seed);
      const file = path.join(place, `${seed}_${labels.join("") || "blank"}.${extension}`);
      writeFileSync(file, bytes);
      there.set(seed, file);
    }
    files.push(there.get(seed));
  }
  return files;
}

async function answersTo(files) {
  const args = [values.program, "predict", "--json", "--checkpoint", path.join(root, "checkpoints/pretrained"), ...files];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e9 }).catch((error) => error);
  return new Map(
    stdout
      .trimEnd()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .map((answer) => [answer.image, answer]),
  );
}

/** A picture of several digits is right where all are read, warned of where it is said that there are several. */
function judge(file, answer) {
  const expected = path.basename(file).replace(/^\d+_|\.\w+$/g, "");
  const found = answer === undefined ? "blank" : (answer.digits ?? [answer]).map((digit) => digit.label).join("");
  const warned = expected.length > 1 && expected !== "blank" && (answer?.digits?.length ?? 1) > 1;
  const outcome = found === expected ? "right" : found === "blank" ? "refused" : "wrong";
  return { outcome, found, warned };
}

console.log(`${"kind".padEnd(26)} right refused wrong  of   warned  ms`);
for (const kind of names) {
  const files = await filesOf(kind);
  const answers = await answersTo(files);
  const tally = { right: 0, refused: 0, wrong: 0, warned: 0 };
  const wrong = [];
  for (const file of files) {
    const { outcome, found, warned } = judge(file, answers.get(file));
    tally[outcome]++;
    if (warned) tally.warned++;
    if (outcome !== "right") wrong.push(`${file} → ${found}`);
  }
  const times = [...answers.values()].map(({ ms }) => ms).sort((a, b) => a - b);
  const cells = [tally.right, tally.refused, tally.wrong, files.length, tally.warned || "", times[times.length >> 1]?.toFixed(0) ?? ""];
  console.log(`${kind.padEnd(26)} ${cells.map((cell, i) => String(cell).padStart([5, 7, 5, 4, 8, 4][i])).join(" ")}`);
  if (values.show) for (const text of wrong) console.log(`  ${text}`);
}
if (!values.keep) rmSync(folder, { recursive: true });
