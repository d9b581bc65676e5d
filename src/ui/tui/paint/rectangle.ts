export interface Size {
  width: number;
  height: number;
}

/** Cells of the terminal: x and y of the upper left one from 0 on. */
export interface Rectangle extends Size {
  x: number;
  y: number;
}

/** @returns a rectangle of the size in the middle of the available one, no larger than that */
export function centred(size: Size, available: Size): Rectangle {
  const width = Math.min(size.width, available.width);
  const height = Math.min(size.height, available.height);
  return { x: Math.floor((available.width - width) / 2), y: Math.floor((available.height - height) / 2), width, height };
}
