/** @returns the key's name as interaction.ts knows it ("a", "A", "space", "left", "C-c", "S-tab"), or undefined where the input is no key */
export function keyName(
  character: string | undefined,
  key: { name?: string; full?: string; sequence?: string; ctrl?: boolean; meta?: boolean; shift?: boolean } | undefined,
): string | undefined {
  // blessed reports the Enter key twice, as "enter" and as "return".
  if (key?.name === "return") return undefined;
  // Pressed twice in a row, it arrives as one sequence without a name.
  if (key?.sequence === "\u001b\u001b") return "escape";
  if (key?.name === "linefeed") return "enter";
  if (character === " ") return "space";
  if (!key?.ctrl && !key?.meta && character !== undefined && character.length === 1 && character > " " && character !== "\u007f")
    return character;
  return key?.full;
}
