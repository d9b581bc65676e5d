interface HelpSection {
  title: string;
  keys: [key: string, does: string][];
}

/** Every key of the dashboard. */
export const helpSections: HelpSection[] = [
  {
    title: "views",
    keys: [
      ["1 - 5", "the five views"],
      ["tab, S-tab", "select the next or previous model"],
      ["d, m", "draw a digit for the models; mouse on or off"],
      ["PgUp, PgDn", "scroll the log"],
      ["C-l, C-z", "redraw, suspend"],
    ],
  },
  {
    title: "training",
    keys: [
      ["space", "pause and resume all models"],
      ["s", "checkpoint now"],
      ["+ -", "learning rate of the selected model"],
      ["x", "stop the selected model, keep its best"],
      ["q, C-c", "stop all, save and leave"],
      ["Q", "leave now"],
    ],
  },
  {
    title: "charts",
    keys: [
      ["e", "x axis: epoch, step, time"],
      ["l", "loss: linear or logarithmic"],
      ["a", "accuracy axis: automatic, 90-100 %, full"],
      ["z", "zoom: all, last 50, 25, 10 %"],
      ["w", "smoothing: off, 1, 3, 10 % of the run"],
      ["left, right", "cursor that reads all curves; Esc ends it"],
      ["t", "target accuracy of the table"],
    ],
  },
  {
    title: "confusion and samples",
    keys: [
      ["arrows", "select a cell and see its digits"],
      ["%", "counts or percent of the row"],
      [", .", "earlier or later evaluation"],
      ["v", "ten samples, worst, least certain"],
    ],
  },
];

/** @returns the keys that the last line of the screen names in a view */
export function hints(view: number, stage: "running" | "final"): [key: string, does: string][] {
  const views: Record<number, [string, string][]> = {
    1: [
      ["e", "x axis"],
      ["l", "log"],
      ["z", "zoom"],
      ["w", "smooth"],
      ["a", "accuracy axis"],
      ["←→", "cursor"],
    ],
    2: [
      ["arrows", "cell"],
      ["%", "percent"],
      [",.", "epoch"],
    ],
    3: [
      ["v", "which"],
      [",.", "epoch"],
    ],
    4: [],
    5: [
      ["w", "smooth"],
      ["z", "zoom"],
    ],
  };
  const start: [string, string][] =
    stage === "final"
      ? [["any other key", "leaves"]]
      : [
          ["q", "quit"],
          ["space", "pause"],
          ["?", "help"],
        ];
  return [
    ...start,
    ...(view === 4 || view === 2 || view === 3 ? ([["tab", "model"]] as [string, string][]) : []),
    ...views[view],
    ["d", "draw"],
  ];
}
