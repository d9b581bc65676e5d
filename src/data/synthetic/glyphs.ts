import { eight, five, nine, seven, six } from "./five-to-nine.js";
import type { Sketch } from "./sketch.js";
import { four, one, three, two, zero } from "./zero-to-four.js";

/**
 * [10] One writer a digit: it chooses among a few styles with free parameters and adds the strokes to the sketch, in a box about 1
 * high, x to the right, y down. The proportions follow common handwriting models; none was traced from a dataset.
 */
export const glyphs: readonly ((sketch: Sketch) => void)[] = [zero, one, two, three, four, five, six, seven, eight, nine];
