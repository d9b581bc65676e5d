import { type Drawing, movePen } from "../drawing.js";
import type { Rectangle } from "./paint/rectangle.js";
import type { MouseEvent } from "./terminal/mouse.js";
import { pixelAt } from "./widgets/drawing.js";

/**
 * Pressed, the mouse inks; moved while pressed, it goes on; released anywhere, the pen is lifted.
 * @param panel where the drawing stands on the screen
 * @returns the drawing after the event, the same one where the event is none of the pen
 */
export function drawWithMouse(drawing: Drawing, { action, x, y }: MouseEvent, panel: Rectangle): Drawing {
  if (action === "up") return { ...drawing, pen: "up" };
  const pixel = pixelAt(x - panel.x, y - panel.y, panel);
  if (pixel === undefined) return drawing;
  if (action === "down") return movePen({ ...drawing, ...pixel, pen: "ink" }, pixel.x, pixel.y);
  return action === "move" && drawing.pen !== "up" ? movePen(drawing, pixel.x, pixel.y) : drawing;
}
