import { type Field, sampleBilinear } from "./field.js";

/** @returns the field turned about its middle by `degrees` clockwise, large enough to hold all of it; 0 where it had nothing */
export function turnedBy(field: Field, degrees: number): Field {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const width = Math.ceil(field.width * Math.abs(cos) + field.height * Math.abs(sin)) + 2;
  const height = Math.ceil(field.width * Math.abs(sin) + field.height * Math.abs(cos)) + 2;
  const data = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const [dx, dy] = [x - (width - 1) / 2, y - (height - 1) / 2];
      const u = cos * dx + sin * dy + (field.width - 1) / 2;
      const v = -sin * dx + cos * dy + (field.height - 1) / 2;
      if (u > -1 && v > -1 && u < field.width && v < field.height) data[i] = sampleBilinear(field, u, v);
    }
  return { width, height, data };
}
