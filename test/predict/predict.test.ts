import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../dist/picture/read.js";
import { type Classifier, openClassifier } from "../../dist/predict/classifier.js";
import { loadCheckpoint, saveCheckpoint } from "../../dist/run/checkpoint.js";
import {
  asDrawing,
  asSharp,
  black,
  type Digits,
  enlarge,
  hasMnist,
  photograph,
  plain,
  redraw,
  testDigits,
  transparent,
  white,
} from "../picture/pictures.js";
import { program, trainedModel } from "./trained.js";

let dir: string;
let checkpoint: string;
let digits: Digits;
let classifier: Classifier;

beforeAll(async () => {
  if (!hasMnist) return;
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-predict-"));
  checkpoint = trainedModel(join(dir, "checkpoints"));
  digits = await testDigits();
  classifier = await openClassifier(checkpoint, { engine: "auto", threads: 1 });
});
afterAll(async () => {
  await classifier?.dispose();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const image = (index: number) => asDrawing(digits.images.subarray(784 * index, 784 * index + 784));

function predict(args: string[], options: { input?: Buffer; env?: Record<string, string> } = {}) {
  const env = { PATH: process.env.PATH, LANG: "C.UTF-8", ...options.env };
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, "predict", ...args], {
    input: options.input,
    env,
    encoding: "utf8",
  });
  return { stdout, stderr, status, lines: stdout.trimEnd().split("\n") };
}

describe.skipIf(!hasMnist)("mnist-tui predict on MNIST's test images (needs MNIST)", () => {
  it("reads at least 97 of 100 PNGs of several sizes, inverted and not", async () => {
    const files: string[] = [];
    for (let k = 0; k < 100; k++) {
      const drawing = enlarge(image(97 * k), [1, 2, 3.7, 10, 0.8][k % 5]);
      const [paper, ink] = k % 2 === 0 ? [black, white] : [white, black];
      files.push(join(dir, `${k}.png`));
      await asSharp(plain(drawing, paper, ink))
        .png()
        .toFile(files[k]);
    }
    const { lines, status, stderr } = predict([...files, "--checkpoint", checkpoint, "--json"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const answers = lines.map((line) => JSON.parse(line));
    expect(answers.map((answer) => answer.image)).toEqual(files);
    const right = answers.filter(({ label }, k) => label === digits.labels[97 * k]).length;
    expect(right).toBeGreaterThanOrEqual(97);
  });

  const light = (u: number, v: number) => 1 - 0.5 * u * v - 0.1 * v;
  /** A soft shadow of a hand or a lamp over the right part. */
  const shadow = (u: number, v: number) => 1 - 0.5 * Math.min(1, Math.max(0, 12 * (u + 0.3 * v - 0.65)));
  const ways: [string, (k: number) => Promise<Buffer>][] = [
    ["a photo of pen on paper in uneven light", (k) => page(k, { pen: 7, light })],
    ["a photo half in shadow", (k) => page(k, { pen: 9, light: shadow, scale: 8 })],
    ["pencil on paper", (k) => page(k, { pen: 7, light, ink: [150, 150, 150] })],
    ["chalk on a board", (k) => page(k, { pen: 10, paper: [40, 70, 55], ink: [220, 225, 215], light: (_, v) => 1 - 0.4 * v })],
    [
      "a hair line",
      (k) =>
        asSharp(plain(redraw(enlarge(image(97 * k), 10), 2), white, black))
          .png()
          .toBuffer(),
    ],
    [
      "a thick brush",
      (k) =>
        asSharp(plain(redraw(enlarge(image(97 * k), 10), 42), white, black))
          .png()
          .toBuffer(),
    ],
    [
      "ink on transparency",
      (k) =>
        transparent(enlarge(image(97 * k), 6), k % 2 === 0 ? black : white)
          .png()
          .toBuffer(),
    ],
    [
      "a CMYK JPEG",
      (k) =>
        asSharp(plain(enlarge(image(97 * k), 5), white, black))
          .toColourspace("cmyk")
          .jpeg()
          .toBuffer(),
    ],
    [
      "a 16-bit PNG",
      (k) =>
        asSharp(plain(enlarge(image(97 * k), 5), white, black))
          .toColourspace("rgb16")
          .png()
          .toBuffer(),
    ],
  ];

  interface Writing {
    pen: number;
    scale?: number;
    paper?: [number, number, number];
    ink?: [number, number, number];
    light(u: number, v: number): number;
  }

  /** A digit anywhere on a page, as a camera sees it. */
  function page(k: number, { pen, scale = 6, paper = [228, 222, 208], ink = [40, 45, 90], light }: Writing): Promise<Buffer> {
    const drawing = redraw(enlarge(image(97 * k), scale), pen);
    const place = { left: 20 + ((k * 37) % (600 - drawing.width)), top: 10 + ((k * 53) % (460 - drawing.height)) };
    return asSharp(photograph(drawing, { width: 640, height: 480, ...place, paper, ink, light, noise: 4, seed: k }))
      .jpeg()
      .toBuffer();
  }

  it.each(ways)("reads at least 27 of 30 digits made as %s", async (_, make) => {
    let right = 0;
    for (let k = 0; k < 30; k++) {
      const { pixels } = await readImage(await make(k), classifier.style);
      const [{ label }] = await classifier.classify(pixels);
      right += Number(label === digits.labels[97 * k]);
    }
    expect(right).toBeGreaterThanOrEqual(27);
  });

  it("prints the label, the model, the picture it saw and all probabilities", async () => {
    const file = join(dir, "seven.png");
    await asSharp(plain(enlarge(image(0), 5), white, black))
      .png()
      .toFile(file);
    const { lines, status } = predict([file, "--checkpoint", checkpoint]);
    expect(status).toBe(0);
    expect(lines[0]).toMatch(/^model: (simple|compact), .*% on mnist$/);
    expect(lines[2]).toMatch(/seven\.png: 7 \(\d+\.\d %\)$/);
    expect(lines[3]).toMatch(/^140×140 PNG, dark on light, cropped to/);
    const picture = lines.slice(4, 18);
    expect(picture).toHaveLength(14);
    expect(picture.join("")).toMatch(/[▀▄█]{5}/);
    expect(picture.filter((line) => / \d [█·]{24} +\d+\.\d %$/.test(line))).toHaveLength(10);
    expect(lines.join("")).not.toContain("\u001b");
  });

  it.each([
    ["NO_COLOR", [], { NO_COLOR: "1" }],
    ["--ascii", ["--ascii"], {}],
    ["a locale without UTF-8", [], { LANG: "de_DE.ISO-8859-1" }],
  ])("keeps to ASCII with %s", async (_, flags, env) => {
    const file = join(dir, "ascii.png");
    await asSharp(plain(enlarge(image(0), 5), white, black))
      .png()
      .toFile(file);
    const { stdout } = predict([file, "--checkpoint", checkpoint, ...flags], { env: env as Record<string, string> });
    expect(stdout).toMatch(/[#%@]{3}/);
    expect([...stdout].every((character) => character.charCodeAt(0) < 128)).toBe(true);
  });

  it("reads a picture from standard input and answers in JSON", async () => {
    const input = await asSharp(plain(enlarge(image(1), 4), white, black))
      .jpeg()
      .toBuffer();
    const { lines } = predict(["-", "--json", "--checkpoint", checkpoint], { input });
    expect(lines).toHaveLength(1);
    const answer = JSON.parse(lines[0]);
    expect(answer).toMatchObject({ image: "-", label: 2, name: "2", checkpoint });
    expect(answer.probabilities).toHaveLength(10);
    expect(answer.probabilities.reduce((sum: number, p: number) => sum + p, 0)).toBeCloseTo(1, 6);
    expect(answer.ms).toBeGreaterThan(0);
  });

  it("goes on after files that cannot be read, says what is wrong with each and exits with 1", async () => {
    const [good, text, damaged, blank] = ["good.png", "text.png", "damaged.jpg", "blank.png"].map((name) => join(dir, name));
    await asSharp(plain(image(0), black, white))
      .png()
      .toFile(good);
    const empty = join(dir, "empty");
    await mkdir(empty);
    await writeFile(text, "hello");
    await asSharp(plain(image(0), black, white))
      .jpeg()
      .toFile(damaged);
    await writeFile(damaged, (await readFile(damaged)).subarray(0, 300));
    await asSharp(plain(enlarge(image(0), 2), white, white))
      .png()
      .toFile(blank);
    const { lines, stderr, status } = predict([
      join(dir, "missing.png"),
      text,
      damaged,
      blank,
      empty,
      join(dir, "none-*.png"),
      good,
      "--json",
      "--checkpoint",
      checkpoint,
    ]);
    expect(status).toBe(1);
    expect(lines.map((line) => JSON.parse(line).image)).toEqual([good]);
    const errors = stderr.trimEnd().split("\n");
    expect(errors).toEqual([
      `mnist-tui: Cannot read ${join(dir, "missing.png")}: no such file or folder; expected a PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file.`,
      `mnist-tui: ${text} is no PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file; expected a picture of a digit.`,
      `mnist-tui: ${damaged} is a damaged JPEG file: it ends early; expected a picture of a digit.`,
      `mnist-tui: ${blank} is blank: nothing drawn on it can be told from its background; expected a picture of a digit.`,
      `mnist-tui: The folder ${empty} holds no picture; expected PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF files in it.`,
      `mnist-tui: No file fits ${join(dir, "none-*.png")}; expected the names of pictures, a folder, or a pattern such as 'photos/*.jpg'.`,
    ]);
  });
});

describe.skipIf(!hasMnist)("mnist-tui predict on folders, patterns and several digits (needs MNIST)", () => {
  let photos: string;
  beforeAll(async () => {
    photos = join(dir, "photos");
    await mkdir(join(photos, "more"), { recursive: true });
    const picture = (index: number) => asSharp(plain(enlarge(image(index), 4), white, black));
    await picture(0).webp().toFile(join(photos, "2.webp"));
    await picture(1).gif().toFile(join(photos, "10.gif"));
    await picture(2)
      .png()
      .toFile(join(photos, "more", "[1].png"));
    await writeFile(join(photos, "notes.txt"), "no picture");
  });
  const read = (...names: string[]) =>
    predict([...names, "--json", "--checkpoint", checkpoint]).lines.map((line) => {
      const { image: file, label } = JSON.parse(line);
      return [file.slice(photos.length + 1), label];
    });

  it("a folder stands for the pictures in it, by their numbers", () => {
    expect(read(photos)).toEqual([
      ["2.webp", 7],
      ["10.gif", 2],
    ]);
  });

  it("a pattern that the shell left alone is understood; a file's own name comes first", () => {
    expect(read(join(photos, "*.[gw]*"))).toEqual(
      [
        ["10.gif", 2],
        ["2.webp", 7],
      ].reverse(),
    );
    expect(read(join(photos, "**", "?1?.png"))).toEqual([["more/[1].png", 1]]);
    expect(read(join(photos, "more", "[1].png"))).toEqual([["more/[1].png", 1]]);
  });

  it("all digits are given from left to right with their boxes, in JSON and on the screen", async () => {
    const file = join(dir, "pair.png");
    const [left, right] = [image(0), image(1)];
    const data = new Float32Array(60 * 28);
    for (let y = 0; y < 28; y++) {
      data.set(left.data.subarray(28 * y, 28 * y + 28), 60 * y);
      data.set(right.data.subarray(28 * y, 28 * y + 28), 60 * y + 32);
    }
    await asSharp(plain(enlarge({ width: 60, height: 28, data }, 5), white, black))
      .png()
      .toFile(file);
    const answer = JSON.parse(predict([file, "--json", "--checkpoint", checkpoint]).stdout);
    expect(answer.digits.map(({ label, name }: { label: number; name: string }) => [label, name])).toEqual([
      [7, "7"],
      [2, "2"],
    ]);
    const [seven, two] = answer.digits;
    expect(answer.label).toBe(seven.box[2] * seven.box[3] > two.box[2] * two.box[3] ? 7 : 2);
    expect(answer.warnings).toEqual([
      expect.stringMatching(/^2 digits are on the picture: 7 2 from left to right; [27] is the largest\.$/),
    ]);
    for (const { box, probabilities } of answer.digits) {
      expect(Math.max(box[2], box[3])).toBeGreaterThan(90);
      expect(Math.max(box[2], box[3])).toBeLessThan(106);
      expect(probabilities).toHaveLength(10);
    }
    expect(two.box[0]).toBeGreaterThan(160);
    const { lines } = predict([file, "--checkpoint", checkpoint]);
    expect(lines[2]).toMatch(/pair\.png: 7 2$/);
    expect(lines[3]).toMatch(/2 digits found/);
    expect(lines.join("\n").match(/[┌┐└┘]/g)).toHaveLength(8);
    expect(lines.at(-1)).toMatch(/^2 +\d+\.\d % {2}at \d+, \d+: \d+×\d+ pixels$/);
    const ascii = predict([file, "--checkpoint", checkpoint, "--ascii"]).stdout;
    expect([...ascii].every((character) => character.charCodeAt(0) < 128)).toBe(true);
  });
});

describe.skipIf(!hasMnist)("a checkpoint that predict cannot take (needs MNIST)", () => {
  let file: string;
  beforeAll(async () => {
    file = join(dir, "which.png");
    await asSharp(plain(image(0), black, white))
      .png()
      .toFile(file);
  });

  it("a damaged one: a clear error naming the file", async () => {
    const damaged = join(dir, "damaged");
    await cp(checkpoint, damaged, { recursive: true });
    const weights = join(damaged, "weights.safetensors");
    const bytes = await readFile(weights);
    bytes[bytes.length >> 1] ^= 4;
    await writeFile(weights, bytes);
    const { stderr, status } = predict([file, "--checkpoint", damaged]);
    expect(stderr).toMatch(
      /^mnist-tui: The checkpoint file .*weights\.safetensors is damaged: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}; .*\n$/,
    );
    expect(status).toBe(1);
  });

  it("one of another shape: a clear error", async () => {
    const other = join(dir, "other");
    const { state, info } = await loadCheckpoint(checkpoint);
    await saveCheckpoint(other, { state, info: { ...info, preset: "residual", kernels: undefined } }, { optimizer: false });
    const { stderr, status } = predict([file, "--checkpoint", other]);
    expect(stderr).toMatch(/^mnist-tui: The checkpoint .*other does not fit its model residual: /);
    expect(status).toBe(1);
  });
});

describe("mnist-tui predict used wrongly", () => {
  it.each([
    ["no image", [], /missing required argument 'image'/],
    ["standard input twice", ["-", "-"], /Standard input \(-\) can be read only once/],
    ["an unknown engine", ["a.png", "--engine", "abacus"], /--engine expects one of auto, native, wasm/],
    ["an unknown option", ["a.png", "--frobnicate"], /unknown option '--frobnicate'; choose from --checkpoint,/],
  ])("%s exits with 2 and one sentence", (_, args, message) => {
    const { stderr, status, stdout } = predict(args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });
});
