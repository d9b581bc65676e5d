import { expect, test } from "vitest";
import { parseAugment } from "../../dist/config/augment.js";

test("all ranges are read", () => {
  expect(parseAugment("rotate=15,crop=22@0.1,shift=2,scale=0.1")).toEqual({
    rotate: 15,
    crop: { size: 22, probability: 0.1 },
    shift: 2,
    scale: 0.1,
  });
});

test("plus signs separate as commas do, a crop without a probability always happens, an absent key is no augmentation", () => {
  expect(parseAugment("crop=24+shift=1.5")).toEqual({ rotate: 0, crop: { size: 24, probability: 1 }, shift: 1.5, scale: 0 });
  expect(parseAugment("none")).toEqual({ rotate: 0, shift: 0, scale: 0 });
});

test.each([
  ["spin=3", "rotate, crop, shift, scale"],
  ["", "rotate, crop, shift, scale"],
  ["rotate=fast", "degrees from 0 to 180"],
  ["rotate=-1", "degrees from 0 to 180"],
  ["rotate", "degrees from 0 to 180"],
  ["crop=22.5@0.1", "SIZE@PROBABILITY"],
  ["crop=0@0.1", "SIZE@PROBABILITY"],
  ["crop=22@2", "SIZE@PROBABILITY"],
  ["scale=1", "a fraction from 0 to 0.9"],
  ["shift=1,shift=2", "twice"],
])("%j is refused, saying what is allowed", (text, allowed) => {
  expect(() => parseAugment(text)).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(allowed) }));
});
