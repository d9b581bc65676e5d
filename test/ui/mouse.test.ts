import { expect, it } from "vitest";
import { MouseReader } from "../../dist/ui/tui/terminal/mouse.js";

const drag = "\u001b[<0;5;3M\u001b[<32;6;3M\u001b[<32;300;200M\u001b[<0;7;3m";
const expected = [
  { action: "down", x: 4, y: 2 },
  { action: "move", x: 5, y: 2 },
  { action: "move", x: 299, y: 199 },
  { action: "up", x: 6, y: 2 },
];

it("mouse input is read report by report, with keys between them", () => {
  expect(new MouseReader().read(`a${drag.replace("M", "Mb\u001b[A")}c`)).toEqual(expected);
});

it("mouse reports are read wherever the input is cut", () => {
  for (let cut = 0; cut <= drag.length; cut++) {
    const reader = new MouseReader();
    expect([...reader.read(drag.slice(0, cut)), ...reader.read(drag.slice(cut))]).toEqual(expected);
  }
});

it("the wheel is told from buttons, and other reports are left out", () => {
  const actions = new MouseReader().read("\u001b[<64;1;1M\u001b[<65;1;1M\u001b[<66;1;1M\u001b[<68;1;1M\u001b[<2;1;1M\u001b[A\u001b[<1;1M");
  expect(actions.map(({ action }) => action)).toEqual(["wheelUp", "wheelDown", "wheelUp", "down"]);
});
