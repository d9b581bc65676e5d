// Runs a command in a pseudo-terminal, presses keys and draws the screen as SVG:
//
//   node scripts/screens-to-svg.mjs --out docs/images/overview.svg --columns 120 --rows 40 \
//     [--keys "2,down,down"] [--wait 2500] [--title "mnist-tui train"] -- COMMAND ARGUMENT…
//
// --wait: milliseconds from the first output to the first key; --keys: comma-separated characters or names.
// Line-drawing, block and braille characters become shapes, so that the picture does not depend on the viewer's fonts.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pty from "@lydell/node-pty";
import xterm from "@xterm/headless";

const cellWidth = 8;
const cellHeight = 17;
const background = "#101418";
const foreground = "#d8dee4";
const basic = "1c2126 e06c75 98c379 e5c07b 61afef c678dd 56b6c2 c8ccd4 6b7280 ff7b86 b5e08f ffd88a 7cc4ff e39bf2 7fdbe6 ffffff"
  .split(" ")
  .map((hex) => `#${hex}`);
const keyCodes = {
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  enter: "\r",
  escape: "\u001b",
  tab: "\t",
  space: " ",
  home: "\u001b[H",
  end: "\u001b[F",
  comma: ",",
};

/** Runs a command in a pseudo-terminal whose screen can be read at any time. */
export function runInTerminal({ command, columns, rows, env = {} }) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const child = pty.spawn(command[0], command.slice(1), {
    name: "xterm-256color",
    cols: columns,
    rows,
    env: { ...process.env, LC_ALL: "C.UTF-8", COLORTERM: "truecolor", ...env },
  });
  let listening = true;
  child.onData((data) => {
    if (listening) terminal.write(data);
  });
  const ended = new Promise((resolve) => child.onExit(resolve));
  const text = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: rows }, (_, y) => active.getLine(active.viewportY + y)?.translateToString() ?? "").join("\n");
  };
  return {
    terminal,
    text,
    /** Waits until the screen matches the expression. */
    async shows(wanted, seconds = 120) {
      const deadline = Date.now() + seconds * 1000;
      while (!wanted.test(text())) {
        if (Date.now() > deadline) throw new Error(`the screen should show ${wanted} within ${seconds} s; it shows\n${text()}`);
        await sleep(50);
      }
    },
    async press(keys, pause = 200) {
      for (const key of keys) {
        child.write(keyCodes[key] ?? key);
        await sleep(pause);
      }
    },
    /** Ends the program; the screen stays readable. */
    async end() {
      listening = false;
      await new Promise((resolve) => terminal.write("", resolve));
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(10_000)]);
      child.kill("SIGKILL");
    },
  };
}

/** Runs a command and presses keys. @returns the headless terminal that holds its last screen */
async function captureScreen({ command, columns, rows, keys, wait }) {
  const run = runInTerminal({ command, columns, rows });
  while (run.text().trim() === "") await sleep(50);
  await sleep(wait);
  await run.press(keys);
  if (keys.length > 0) await sleep(Math.min(wait, 800));
  await run.end();
  return run.terminal;
}

/** @returns the SVG text of a terminal's screen */
export function screenToSvg(terminal, title = "") {
  const { cols, rows } = terminal;
  const top = title === "" ? 8 : 32;
  const width = cols * cellWidth + 16;
  const height = rows * cellHeight + top + 8;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
  ];
  if (title !== "") {
    const dots = ["#ff5f57", "#febc2e", "#28c840"]
      .map((color, index) => `<circle cx="${20 + index * 18}" cy="16" r="6" fill="${color}"/>`)
      .join("");
    out.push(
      dots,
      `<text x="${width / 2}" y="20" fill="#8b949e" text-anchor="middle" font-family="sans-serif" font-size="12">${escapeXml(title)}</text>`,
    );
  }
  out.push(`<g transform="translate(8 ${top})" font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="13">`);
  for (let y = 0; y < rows; y++) out.push(...rowToSvg(terminal, y));
  out.push("</g></svg>");
  return `${out.join("\n")}\n`;
}

function rowToSvg(terminal, y) {
  const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y);
  const cells = Array.from({ length: terminal.cols }, (_, x) => styleOf(line?.getCell(x)));
  const out = [];
  for (const run of runs(cells, (cell) => cell.bg)) {
    if (run.key !== background) out.push(rect(run.start, y, run.end - run.start, run.key));
  }
  const shapes = new Map();
  cells.forEach((cell, x) => {
    const path = shapeOf(cell.character, x * cellWidth, y * cellHeight);
    if (path !== "") shapes.set(cell.fg, (shapes.get(cell.fg) ?? "") + path);
  });
  for (const [color, path] of shapes) out.push(`<path fill="${color}" d="${path}"/>`);
  const text = cells.map((cell) => (cell.character === " " || shapeOf(cell.character, 0, 0) !== "" ? undefined : cell));
  for (const run of runs(text, (cell) => (cell === undefined ? "" : `${cell.fg} ${cell.bold} ${cell.underline}`))) {
    if (run.key === "") continue;
    const { fg, bold, underline } = text[run.start];
    const content = text
      .slice(run.start, run.end)
      .map((cell) => cell.character)
      .join("");
    const style = `${bold ? ' font-weight="bold"' : ""}${underline ? ' text-decoration="underline"' : ""}`;
    const length = (run.end - run.start) * cellWidth;
    out.push(
      `<text x="${run.start * cellWidth}" y="${y * cellHeight + 13}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${fg}"${style}>${escapeXml(content)}</text>`,
    );
  }
  return out;
}

function styleOf(cell) {
  if (cell === undefined) return { character: " ", fg: foreground, bg: background, bold: false, underline: false };
  let fg = cell.isFgDefault() ? foreground : colorOf(cell.getFgColor(), cell.isFgRGB());
  let bg = cell.isBgDefault() ? background : colorOf(cell.getBgColor(), cell.isBgRGB());
  if (cell.isInverse()) [fg, bg] = [bg, fg];
  return { character: cell.getChars() || " ", fg, bg, bold: cell.isBold() > 0, underline: cell.isUnderline() > 0 };
}

function colorOf(color, rgb) {
  if (rgb) return `#${color.toString(16).padStart(6, "0")}`;
  if (color < 16) return basic[color];
  if (color >= 232) return hex([color, color, color].map((value) => 8 + (value - 232) * 10));
  const level = (value) => (value === 0 ? 0 : 55 + value * 40);
  const cube = color - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

function hex(channels) {
  return `#${channels.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** @returns stretches of neighbouring cells with the same key */
function runs(cells, keyOf) {
  const out = [];
  cells.forEach((cell, x) => {
    const key = keyOf(cell);
    const last = out.at(-1);
    if (last !== undefined && last.key === key && last.end === x) last.end = x + 1;
    else out.push({ key, start: x, end: x + 1 });
  });
  return out;
}

function rect(x, y, width, color) {
  return `<rect x="${x * cellWidth}" y="${y * cellHeight}" width="${width * cellWidth}" height="${cellHeight}" fill="${color}" shape-rendering="crispEdges"/>`;
}

function box(x, y, width, height) {
  const round = (value) => Number(value.toFixed(2));
  return `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`;
}

/** Arms of line-drawing characters: left, right, up, down. */
const lineArms = {
  "─": "lr",
  "│": "ud",
  "┌": "rd",
  "┐": "ld",
  "└": "ru",
  "┘": "lu",
  "├": "rud",
  "┤": "lud",
  "┬": "lrd",
  "┴": "lru",
  "┼": "lrud",
  "━": "LR",
  "╍": "dash",
};

/** @returns a path for block, braille and line-drawing characters, "" for all others */
function shapeOf(character, x, y) {
  const code = character.codePointAt(0);
  if (code >= 0x2800 && code <= 0x28ff) {
    const places = [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
      [0, 3],
      [1, 3],
    ];
    return places
      .filter((_, bit) => (code - 0x2800) & (1 << bit))
      .map(([column, row]) => box(x + 1.1 + column * 4, y + 1 + row * 4.25, 2.2, 2.2))
      .join("");
  }
  if (character === "▀") return box(x, y, cellWidth, cellHeight / 2);
  if (character === "▄") return box(x, y + cellHeight / 2, cellWidth, cellHeight / 2);
  if (character === "█") return box(x, y, cellWidth, cellHeight);
  if (code >= 0x2589 && code <= 0x258f) return box(x, y, (cellWidth * (0x2590 - code)) / 8, cellHeight);
  if (character === "░" || character === "▒" || character === "▓") {
    const step = character === "░" ? 4 : character === "▒" ? 3 : 2;
    let path = "";
    for (let dy = 1; dy < cellHeight - 1; dy += step)
      for (let dx = (dy % 2) + 0.5; dx < cellWidth - 1; dx += step) path += box(x + dx, y + dy, 1.1, 1.1);
    return path;
  }
  const arms = lineArms[character];
  if (arms === undefined) return "";
  const cx = x + cellWidth / 2 - 0.5;
  const cy = y + cellHeight / 2 - 0.5;
  if (arms === "LR") return box(x, cy - 0.5, cellWidth, 2);
  if (arms === "dash") return box(x, cy - 0.5, 2.5, 2) + box(x + 4, cy - 0.5, 2.5, 2);
  let path = "";
  if (arms.includes("l")) path += box(x, cy, cellWidth / 2 + 0.5, 1);
  if (arms.includes("r")) path += box(cx, cy, cellWidth / 2 + 0.5, 1);
  if (arms.includes("u")) path += box(cx, y, 1, cellHeight / 2 + 0.5);
  if (arms.includes("d")) path += box(cx, cy, 1, cellHeight / 2 + 0.5);
  return path;
}

function escapeXml(text) {
  return text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character]);
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      columns: { type: "string", default: "120" },
      rows: { type: "string", default: "40" },
      keys: { type: "string", default: "" },
      wait: { type: "string", default: "2500" },
      title: { type: "string", default: "" },
    },
  });
  if (values.out === undefined || positionals.length === 0) {
    console.error(
      "usage: node scripts/screens-to-svg.mjs --out FILE.svg [--columns N] [--rows N] [--keys a,b] [--wait MS] [--title TEXT] -- COMMAND …",
    );
    process.exit(2);
  }
  const terminal = await captureScreen({
    command: positionals,
    columns: Number(values.columns),
    rows: Number(values.rows),
    keys: values.keys === "" ? [] : values.keys.split(","),
    wait: Number(values.wait),
  });
  mkdirSync(path.dirname(values.out), { recursive: true });
  writeFileSync(values.out, screenToSvg(terminal, values.title));
  process.exit(0);
}
