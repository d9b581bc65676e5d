import { expect, it } from "vitest";
import { extremeInDisc, type Field } from "../../dist/picture/field.js";
import { randomKey, randomUniform } from "../../dist/util/random.js";

/** The definition itself: every pixel of the disc, 0 outside the field. */
function plainly({ width, height, data }: Field, radius: number, which: "max" | "min"): number[] {
  const reach = Math.ceil(radius);
  const at = (x: number, y: number) => (x >= 0 && x < width && y >= 0 && y < height ? data[y * width + x] : 0);
  return Array.from(data, (_, i) => {
    const values: number[] = [];
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++)
        if (dx * dx + dy * dy <= radius * radius) values.push(at((i % width) + dx, Math.floor(i / width) + dy));
    return Math[which](...values);
  });
}

it.each([0, 0.7, 1, 1.5, 2.9, 5, 11.3])("strokes grow and shrink by a disc of radius %d", (radius) => {
  const [width, height] = [19, 13];
  const data = Float32Array.from({ length: width * height }, (_, i) => randomUniform(randomKey(3, 1, 0), i) ** 4);
  for (const which of ["max", "min"] as const)
    expect(Array.from(extremeInDisc({ width, height, data }, radius, which).data)).toEqual(plainly({ width, height, data }, radius, which));
});
