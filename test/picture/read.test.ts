import type { Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { ImageError } from "../../dist/picture/image-error.js";
import { type ImageStyle, readImage } from "../../dist/picture/read.js";
import { stripJpeg, stripPng } from "../../dist/picture/strip.js";
import { randomKey, randomNormal, streams } from "../../dist/util/random.js";
import { asSharp, black, type Colour, type Drawing, enlarge, photograph, plain, redraw, transparent, white } from "./pictures.js";

/** A seven of 28×28 bytes, its box 20 pixels high and its mass in the middle, as in MNIST. */
const seven = drawSeven();

function drawSeven(): Drawing {
  const data = new Float32Array(784);
  const near = (x: number, y: number, [ax, ay, bx, by]: number[]) => {
    const t = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)));
    return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
  };
  for (let y = 0; y < 28; y++)
    for (let x = 0; x < 28; x++) {
      const distance = Math.min(near(x, y, [8, 8, 18, 8]), near(x, y, [18, 8, 12.5, 24]));
      data[y * 28 + x] = Math.round(255 * Math.min(1, Math.max(0, 2 - distance))) / 255;
    }
  return { width: 28, height: 28, data };
}

const normalized = async (picture: Sharp, style: ImageStyle = "digit") => (await readImage(await picture.toBuffer(), style)).pixels;

/** @returns the box of ink and its centre of mass, in pixels */
function measure(pixels: Float32Array): { width: number; height: number; x: number; y: number } {
  let [left, top, right, bottom, mass, mx, my] = [28, 28, 0, 0, 0, 0, 0];
  pixels.forEach((value, i) => {
    const [x, y] = [i % 28, Math.floor(i / 28)];
    mass += value;
    mx += value * x;
    my += value * y;
    if (value < 0.1) return;
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
  });
  return { width: right - left, height: bottom - top, x: mx / mass, y: my / mass };
}

/** Mean difference of two normalized pictures; two different digits differ by about 0.15. */
function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

function expectFramed(pixels: Float32Array): void {
  const { width, height, x, y } = measure(pixels);
  expect(Math.max(width, height)).toBeGreaterThanOrEqual(19);
  expect(Math.max(width, height)).toBeLessThanOrEqual(20);
  expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.6);
  expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.6);
}

const blue: Colour = [35, 40, 110];
const paper: Colour = [228, 224, 210];

describe("a picture made as the dataset's are", () => {
  it.each([
    ["light on dark", white, black],
    ["dark on light", black, white],
  ])("passes unchanged, %s", async (_, ink, background) => {
    const pixels = await normalized(asSharp(plain(seven, background, ink)).png());
    const expected = seven.data;
    expect(difference(pixels, expected)).toBeLessThan(1e-6);
    const { steps } = await readImage(
      await asSharp(plain(seven, background, ink))
        .png()
        .toBuffer(),
      "digit",
    );
    expect(steps.at(-1)).toContain("unchanged");
  });

  it("passes unchanged where it is an article, which fills its frame", async () => {
    const article = { ...seven, data: seven.data.map((_, i) => (i % 28 > 2 && i % 28 < 26 ? ((i * 7) % 256) / 255 : 0)) };
    const expected = article.data;
    expect(difference(await normalized(asSharp(plain(article, black, white)).png(), "article"), expected)).toBeLessThan(1e-6);
    expect(difference(await normalized(asSharp(plain(article, white, black)).png(), "article"), expected)).toBeLessThan(1e-6);
  });
});

describe("a digit on a page", () => {
  const reference = normalized(asSharp(plain(enlarge(seven, 10), black, white)).png());

  it.each([0.6, 1.5, 3.7, 10, 40])("is framed as MNIST is, at %f times its size", async (scale) => {
    for (const [background, ink] of [
      [black, white],
      [white, black],
    ]) {
      const pixels = await normalized(asSharp(plain(enlarge(seven, scale), background, ink)).png());
      expectFramed(pixels);
      expect(difference(pixels, await reference)).toBeLessThan(scale < 1 ? 0.07 : 0.03);
    }
  });

  const pages: [string, () => Sharp][] = [
    ["in a corner", () => asSharp(photograph(enlarge(seven, 5), { width: 700, height: 500, left: 0, top: 0, paper, ink: blue }))],
    ["cut close", () => asSharp(plain(enlarge(seven, 10), white, black)).extract({ left: 60, top: 45, width: 150, height: 220 })],
    [
      "in a light that falls off",
      () =>
        asSharp(
          photograph(enlarge(seven, 6), {
            width: 640,
            height: 480,
            left: 80,
            top: 260,
            paper,
            ink: blue,
            light: (u, v) => 1 - 0.6 * u * v,
            noise: 5,
          }),
        ),
    ],
    [
      "partly in a shadow",
      () =>
        asSharp(
          photograph(enlarge(seven, 8), {
            width: 640,
            height: 480,
            left: 200,
            top: 90,
            paper,
            ink: blue,
            light: (u) => (u > 0.47 ? 0.5 : 1),
          }),
        ).blur(2),
    ],
    [
      "with dust and the sheet's edge beside it",
      () =>
        asSharp(
          photograph(enlarge(seven, 6), {
            width: 640,
            height: 480,
            left: 200,
            top: 150,
            paper,
            ink: blue,
            light: (u, v) => (v > 0.96 || (Math.abs(u - 0.1) < 0.004 && Math.abs(v - 0.2) < 0.005) ? 0.1 : 1),
          }),
        ),
    ],
    ["in yellow on white", () => asSharp(plain(enlarge(seven, 8), white, [255, 240, 70]))],
    ["in red on blue of the same brightness", () => asSharp(plain(enlarge(seven, 8), [60, 60, 230], [190, 40, 40]))],
    [
      "in pencil",
      () => asSharp(photograph(enlarge(seven, 8), { width: 400, height: 400, left: 90, top: 80, paper, ink: [165, 163, 158], noise: 3 })),
    ],
  ];
  it.each(pages)("%s is found", async (_, picture) => {
    const pixels = await normalized(picture().png());
    expectFramed(pixels);
    expect(difference(pixels, await reference)).toBeLessThan(0.05);
  });

  it("keeps what it looks like whatever pen it was written with", async () => {
    for (const pen of [1, 3, 8, 25, 50]) {
      const pixels = await normalized(asSharp(plain(redraw(enlarge(seven, 10), pen), white, black)).png());
      expectFramed(pixels);
      const ink = pixels.reduce((sum, value) => sum + value, 0);
      // MNIST's own digits have 38 to 199, counted from the 1st to the 99th percentile.
      expect(ink).toBeGreaterThan(38);
      expect(ink).toBeLessThan(199);
    }
  });
});

describe("file formats", () => {
  const big = enlarge(seven, 8);
  const source = () => asSharp(plain(big, white, black));
  const reference = normalized(source().png());
  const kinds: [string, () => Sharp][] = [
    ["JPEG", () => source().jpeg()],
    ["progressive JPEG", () => source().jpeg({ progressive: true })],
    ["CMYK JPEG", () => source().toColourspace("cmyk").jpeg()],
    ["grey JPEG", () => source().toColourspace("b-w").jpeg()],
    ["palette PNG", () => source().png({ palette: true, colours: 8 })],
    ["interlaced PNG", () => source().png({ progressive: true })],
    ["16-bit PNG", () => source().toColourspace("rgb16").png()],
    ["16-bit grey PNG", () => source().toColourspace("grey16").png()],
    ["black ink on transparency", () => transparent(big, black).png()],
    ["white ink on transparency", () => transparent(big, white).png()],
    ["black ink on transparency, palette", () => transparent(big, black).png({ palette: true })],
  ];
  it.each(kinds)("%s reads as the plain PNG does", async (_, picture) => {
    expect(difference(await normalized(picture()), await reference)).toBeLessThan(0.02);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("EXIF orientation %i is turned upright", async (orientation) => {
    const picture = plain(big, white, black);
    const last = picture.width - 1;
    // Where the pixel stored at (x, y) stands when the picture is upright (EXIF 2.3, tag 0x0112; the picture is square).
    const upright: [x: number, y: number][][] = Array.from({ length: picture.height }, (_, y) =>
      Array.from({ length: picture.width }, (_, x) => {
        const [mx, my] = [last - x, last - y];
        return (
          [
            [x, y],
            [mx, y],
            [mx, my],
            [x, my],
            [y, x],
            [last - y, x],
            [last - y, last - x],
            [y, last - x],
          ] as [number, number][]
        )[orientation - 1];
      }),
    );
    const rgb = new Uint8Array(picture.rgb.length);
    upright.flat().forEach(([x, y], i) => {
      rgb.set(picture.rgb.subarray(3 * (y * picture.width + x), 3 * (y * picture.width + x) + 3), 3 * i);
    });
    const shot = () => asSharp({ ...picture, rgb }).withMetadata({ orientation });
    expect(difference(await normalized(shot().jpeg({ quality: 95 })), await reference)).toBeLessThan(0.02);
    expect(difference(await normalized(shot().png()), await reference)).toBeLessThan(0.02);
  });

  it("an article on white is negated and fills the frame", async () => {
    const shirt: Drawing = { width: 60, height: 80, data: new Float32Array(4800).fill(0.7) };
    const pixels = await normalized(
      asSharp(photograph(shirt, { width: 200, height: 200, left: 30, top: 50, paper: white, ink: black })).png(),
      "article",
    );
    const { width, height } = measure(pixels);
    expect([width, height]).toEqual([21, 28]);
    expect(pixels[14 * 28 + 14]).toBeCloseTo(0.7, 2);
  });
});

/** The problem that reading the bytes ends with; undefined where they can be read. Fails on any error but an ImageError. */
async function problemOf(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await readImage(bytes, "digit");
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError);
    return (error as ImageError).problem;
  }
}

describe("what is no picture of a digit", () => {
  it.each([
    ["an empty file", Buffer.alloc(0), "format"],
    ["a text", Buffer.from("hello"), "format"],
    ["a GIF", Buffer.from("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "format"],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>'), "format"],
    ["a PNG's signature alone", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), "damaged"],
    ["a JPEG's first bytes alone", Buffer.from([0xff, 0xd8, 0xff, 0xe0]), "damaged"],
  ])("%s is refused", async (_, bytes, problem) => {
    expect(await problemOf(bytes)).toBe(problem);
  });

  const formats: [string, (image: Sharp) => Sharp][] = [
    ["PNG", (image) => image.png()],
    ["JPEG", (image) => image.jpeg()],
    ["progressive JPEG", (image) => image.jpeg({ progressive: true })],
  ];
  it.each(formats)("every prefix of a %s is refused as damaged", async (_, format) => {
    const bytes = await format(asSharp(plain(seven, black, white))).toBuffer();
    for (let length = 8; length < bytes.length; length++) expect(await problemOf(bytes.subarray(0, length))).toBe("damaged");
  });

  it.each(formats)("a flipped bit of a %s is read or refused, never worse", async (_, format) => {
    const bytes = await format(asSharp(plain(seven, black, white))).toBuffer();
    let refused = 0;
    for (let i = 8; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes);
      flipped[i] ^= 1 << (i % 8);
      if (await problemOf(flipped)) refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it.each([
    ["a white page", photograph(seven, { width: 300, height: 200, left: -100, top: 0, paper: white, ink: black })],
    [
      "an unevenly lit page",
      photograph(seven, { width: 300, height: 200, left: -100, top: 0, paper, ink: blue, light: (u, v) => 1 - 0.5 * u * v }),
    ],
    ["a noisy page", photograph(seven, { width: 300, height: 200, left: -100, top: 0, paper, ink: blue, noise: 8 })],
    ["black on black", plain(enlarge(seven, 4), black, black)],
    ["one pixel", { width: 1, height: 1, rgb: Uint8Array.of(9, 9, 9) }],
  ])("%s is blank", async (_, picture) => {
    expect(await problemOf(await asSharp(picture).png().toBuffer())).toBe("blank");
  });

  it("a wholly transparent picture is blank", async () => {
    const nothing = { width: 50, height: 50, data: new Float32Array(2500) };
    expect(await problemOf(await transparent(nothing, black).png().toBuffer())).toBe("blank");
  });
});

describe("pictures made to do harm", () => {
  const small = () =>
    asSharp(plain(seven, black, white))
      .png()
      .toBuffer();

  it("a header of more pixels than are read is refused before anything is decoded", async () => {
    const bytes = await small();
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    expect(await problemOf(bytes)).toBe("too-large");
    const jpeg = await asSharp(plain(seven, black, white))
      .jpeg()
      .toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(65_500, frame + 5);
    jpeg.writeUInt16BE(65_500, frame + 7);
    expect(await problemOf(jpeg)).toBe("too-large");
  });

  it("a limit of one's own holds", async () => {
    const bytes = await asSharp(plain(enlarge(seven, 10), black, white))
      .png()
      .toBuffer();
    await expect(readImage(bytes, "digit", { maxPixels: { png: 78_399, jpeg: 1e9 } })).rejects.toMatchObject({ problem: "too-large" });
    await expect(readImage(bytes, "digit", { maxPixels: { png: 78_400, jpeg: 1 } })).resolves.toBeDefined();
  });

  it("texts, profiles and further frames of a PNG never reach the decoder", async () => {
    const bytes = await small();
    const end = bytes.length - 12;
    const chunks = ["zTXt", "iTXt", "tEXt", "iCCP", "fdAT", "acTL"].map((type) => pngChunk(type, Buffer.alloc(2000, 7)));
    const loaded = Buffer.concat([
      bytes.subarray(0, 33),
      ...chunks,
      bytes.subarray(33, end),
      ...chunks,
      bytes.subarray(end),
      Buffer.alloc(99),
    ]);
    expect(Buffer.from(stripPng(loaded).stripped).equals(Buffer.from(stripPng(bytes).stripped))).toBe(true);
    expect((await readImage(loaded, "digit")).pixels).toEqual((await readImage(bytes, "digit")).pixels);
  });

  it("comments, profiles and thumbnails of a JPEG never reach the decoder, endless scans are refused", async () => {
    const bytes = await asSharp(plain(seven, black, white))
      .jpeg({ progressive: true })
      .toBuffer();
    const segments = [0xe2, 0xed, 0xfe].map((marker) => Buffer.concat([Buffer.from([0xff, marker, 0x07, 0xd2]), Buffer.alloc(2000, 7)]));
    const loaded = Buffer.concat([bytes.subarray(0, 2), ...segments, bytes.subarray(2)]);
    expect(Buffer.from(stripJpeg(loaded).stripped).equals(Buffer.from(stripJpeg(bytes).stripped))).toBe(true);
    const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
    const endless = Buffer.concat([
      bytes.subarray(0, -2),
      ...Array.from({ length: 70 }, () => bytes.subarray(scan, -2)),
      bytes.subarray(-2),
    ]);
    expect(await problemOf(endless)).toBe("too-large");
  });

  it("random bytes behind a right signature are refused", async () => {
    const key = randomKey(1, streams.synthetic, 0);
    for (const start of [
      [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
      [0xff, 0xd8, 0xff, 0xe0],
    ])
      for (let trial = 0; trial < 50; trial++) {
        const noise = Buffer.from(Array.from({ length: 300 }, (_, i) => Math.floor(128 + 60 * randomNormal(key, trial * 300 + i)) & 255));
        expect(await problemOf(Buffer.concat([Buffer.from(start), noise]))).toMatch(/damaged|too-large/);
      }
  });
});

/** A chunk with its checksum. */
function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, body, checksum]);
}
