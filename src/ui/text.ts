/** Text of views: in ASCII, in cells, in lines. */

/** Characters that stand for another one where a terminal shows ASCII only. */
const asciiFor: Record<string, string> = {
  "×": "x",
  "·": ".",
  "–": "-",
  "—": "-",
  "−": "-",
  "…": "~",
  "±": "+-",
  "→": ">",
  "←": "<",
  "↑": "^",
  "↓": "v",
  "▸": ">",
  "●": "*",
  "≤": "<=",
  "°": "",
  "√": "v",
  "│": "|",
  "─": "-",
  "█": "#",
  "∞": "inf",
};

/** @returns the text in ASCII: known signs by their likeness, all others as "?" */
export function asciiText(text: string): string {
  return Array.from(text, (character) => (character < "\u007f" ? character : (asciiFor[character] ?? "?"))).join("");
}

/**
 * Characters that every terminal draws one cell wide; others (CJK, emoji, combining marks) would shift the rest of the line.
 * @returns the text with one character a cell, unsafe ones as "?"
 */
export function cellText(text: string): string {
  let safe = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const single =
      (code >= 0x20 && code < 0x300 && code !== 0x7f) ||
      (code >= 0x370 && code < 0x483) ||
      (code >= 0x2010 && code < 0x2060) ||
      (code >= 0x2190 && code < 0x2300) ||
      (code >= 0x2500 && code < 0x25fd) ||
      (code >= 0x2800 && code < 0x2900);
    safe += single ? character : "?";
  }
  return safe;
}

/** @returns the text in exactly `width` cells, cut with "…" or padded with blanks at the end or the start */
export function fitted(text: string, width: number, align: "left" | "right" = "left"): string {
  if (width <= 0) return "";
  const length = text.length;
  if (length > width) return width === 1 ? "…" : `${text.slice(0, width - 1)}…`;
  return align === "left" ? text + " ".repeat(width - length) : " ".repeat(width - length) + text;
}

/** @returns the text in lines of at most `width` cells, broken at blanks where possible */
export function wrap(text: string, width: number): string[] {
  if (width < 1) return [];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(" ", width);
    const end = blank > width / 3 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  lines.push(rest);
  return lines;
}
