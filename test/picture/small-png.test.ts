import { describe, expect, it } from "vitest";
import { readImage } from "../../dist/picture/read.js";
import { readDatasetPng } from "../../dist/picture/small-png.js";
import { stroke } from "../serve/support.js";
import { asSharp, black, enlarge, plain, white } from "./pictures.js";

const png = await asSharp(plain(stroke(), black, white))
  .png()
  .toBuffer();

describe("the short way for the dataset's own images", () => {
  it("sees the same as the full decoder, or leaves the picture to it", async () => {
    const source = (ink: typeof white, paper: typeof white) => asSharp(plain(stroke(), paper, ink));
    const kinds: [string, Buffer, boolean][] = [
      ["grey", await source(white, black).toColourspace("b-w").png().toBuffer(), true],
      ["grey negative", await source(black, white).toColourspace("b-w").png().toBuffer(), true],
      ["RGB", await source(white, black).png().toBuffer(), true],
      ["RGBA", await source(white, black).ensureAlpha().png().toBuffer(), true],
      ["every filter", await source(white, black).png({ adaptiveFiltering: true, compressionLevel: 0 }).toBuffer(), true],
      ["palette", await source(white, black).png({ palette: true }).toBuffer(), false],
      ["16 bits", await source(white, black).toColourspace("grey16").png().toBuffer(), false],
      ["interlaced", await source(white, black).png({ progressive: true }).toBuffer(), false],
      ["coloured", await source([255, 0, 0], black).png().toBuffer(), false],
      ["transparent", await source(white, black).ensureAlpha(0.5).png().toBuffer(), false],
      ["turned", await source(white, black).withMetadata({ orientation: 6 }).png().toBuffer(), false],
      [
        "another size",
        await asSharp(plain(enlarge(stroke(), 2), black, white))
          .png()
          .toBuffer(),
        false,
      ],
    ];
    for (const [kind, bytes, taken] of kinds) {
      const found = readDatasetPng(bytes, "digit");
      expect(found !== undefined, kind).toBe(taken);
      if (found) expect(found.pixels, kind).toEqual((await readImage(bytes, "digit")).pixels);
    }
  });

  it("takes no damaged file", () => {
    for (let length = 0; length < png.length; length++) expect(readDatasetPng(png.subarray(0, length), "digit")).toBeUndefined();
    for (let i = 0; i < png.length * 8; i++) {
      const flipped = Buffer.from(png);
      flipped[i >> 3] ^= 1 << (i & 7);
      const found = readDatasetPng(flipped, "digit");
      if (found) expect(found.pixels).toEqual(readDatasetPng(png, "digit")?.pixels);
    }
  });
});
