/** A tap: how many input rows and columns it lies from the output's pixel, and its number in the weights. */
export interface ConvTap {
  row: number;
  column: number;
  number: number;
}

/** The taps of a convolution as its forward pass and its weight gradient read the input. */
export function forwardTaps(kernelSize: number, padding: number): ConvTap[] {
  return Array.from({ length: kernelSize ** 2 }, (_, number) => ({
    row: Math.floor(number / kernelSize) - padding,
    column: (number % kernelSize) - padding,
    number,
  }));
}

/** One part of a convolution's input gradient: the taps that reach the pixels of one parity. */
interface BackwardPart {
  taps: ConvTap[];
  part?: { row: number; column: number };
  height: number;
  width: number;
}

/**
 * The input gradient as convolutions of the output's gradient with flipped, transposed weights: one at stride 1, four at stride 2
 * (input pixels of even and odd rows and columns meet different taps).
 */
export function backwardParts(kernelSize: number, stride: number, padding: number, height: number, width: number): BackwardPart[] {
  const parities = stride === 1 ? [0] : [0, 1];
  // Input row y = stride·y' + parity is met by the taps k with (y + padding − k) a multiple of the stride.
  const reach = (parity: number) =>
    Array.from({ length: kernelSize }, (_, k) => ({ k, at: (parity + padding - k) / stride })).filter(({ at }) => Number.isInteger(at));
  return parities.flatMap((row) =>
    parities.map((column) => ({
      taps: reach(row).flatMap((y) => reach(column).map((x) => ({ row: y.at, column: x.at, number: y.k * kernelSize + x.k }))),
      part: stride === 1 ? undefined : { row, column },
      height: Math.ceil((height - row) / stride),
      width: Math.ceil((width - column) / stride),
    })),
  );
}
