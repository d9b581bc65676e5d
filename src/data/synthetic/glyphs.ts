import { eight, five, nine, seven, six } from "./five-to-nine.js";
import type { Sketch } from "./sketch.js";
import { four, one, three, two, zero } from "./zero-to-four.js";

/**
 * How people write the ten digits: for each a few ways, each with its own free parameters. The proportions follow common handwriting
 * models; nothing here was traced from a dataset.
 * By digit; each adds its strokes to the sketch, in a box about 1 high, x to the right, y down.
 */
export const glyphs: readonly ((sketch: Sketch) => void)[] = [zero, one, two, three, four, five, six, seven, eight, nine];
