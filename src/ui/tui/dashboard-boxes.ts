import blessed from "blessed";
import { allEnded } from "../../run/state/progress.js";
import { widgetGrid } from "./grid.js";
import { type LayoutInput, layout } from "./layout.js";
import type { Context } from "./paint/painter.js";
import type { Size } from "./paint/rectangle.js";
import { moveBox, paintedBox } from "./terminal/cells.js";
import type { Screen } from "./terminal/screen.js";
import { footer, header } from "./widgets/header-footer.js";
import { overlayOf } from "./widgets/overlays.js";
import { isTooSmall, paintTooSmall } from "./widgets/too-small.js";

/** The dashboard's boxes: first line, widgets of the view, last line, and an overlay over them. */
export class DashboardBoxes {
  /** Holds the widgets' boxes. */
  private readonly body = blessed.box({ top: 1, left: 0, width: 1, height: 1 });
  private readonly header: blessed.Widgets.BoxElement;
  private readonly footer: blessed.Widgets.BoxElement;
  private readonly overlay: blessed.Widgets.BoxElement;
  private readonly tooSmall: blessed.Widgets.BoxElement;
  private widgets: blessed.Widgets.BoxElement[] = [];
  /** View, size and run that the boxes were arranged for last. */
  private arrangement = "";

  /**
   * @param screen gets the boxes, in the order in which they are painted
   * @param context everything that the widgets may look at now
   */
  constructor(
    private readonly screen: Screen,
    private readonly context: () => Context,
    private readonly charset: "unicode" | "ascii",
  ) {
    this.header = paintedBox(charset, (surface) => header(surface, context()));
    this.footer = paintedBox(charset, (surface) => footer(surface, context()));
    this.overlay = paintedBox(charset, (surface) => overlayOf(context(), surface)?.paint(surface, context()));
    this.tooSmall = paintedBox(charset, (surface) => paintTooSmall(surface, context().theme, "training goes on"));
    screen.append(this.body, this.header, this.footer, this.overlay, this.tooSmall);
  }

  /** Gives every box its rectangle on the screen as large as it is now; the widgets' are made anew where view, size or run ask for others. */
  arrange(): void {
    const screen = this.screen.size();
    const { state, ui } = this.context();
    const small = isTooSmall(screen);
    const input: LayoutInput = {
      columns: screen.width,
      rows: screen.height - 2,
      models: state.models.length,
      gpus: state.gpus.length,
      stage: allEnded(state) ? "final" : "running",
    };
    const arrangement = small ? `small ${screen.width} ${screen.height}` : `${ui.view} ${Object.values(input).join(" ")}`;
    if (arrangement !== this.arrangement) {
      this.arrangement = arrangement;
      for (const widget of this.widgets) widget.detach();
      this.arrangeLines(screen, small);
      this.widgets = small
        ? []
        : widgetGrid(
            layout(ui.view, input),
            { body: this.body, columns: input.columns, rows: input.rows, charset: this.charset },
            this.context,
          );
    }
    const overlay = small ? undefined : overlayOf(this.context(), screen);
    this.overlay.hidden = overlay === undefined;
    if (overlay !== undefined) moveBox(this.overlay, overlay.rectangle);
  }

  private arrangeLines({ width, height }: Size, small: boolean): void {
    for (const box of [this.body, this.header, this.footer]) box.hidden = small;
    this.tooSmall.hidden = !small;
    moveBox(this.tooSmall, { x: 0, y: 0, width, height });
    moveBox(this.header, { x: 0, y: 0, width, height: 1 });
    moveBox(this.footer, { x: 0, y: height - 1, width, height: 1 });
    moveBox(this.body, { x: 0, y: 1, width, height: Math.max(1, height - 2) });
  }
}
