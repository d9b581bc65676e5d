/** Text from events may come from anywhere (a trainer's stderr, a run's name): what may reach a terminal is decided here. */

// ESC sequences: CSI … final byte, OSC … BEL or ST, and two-character ones; then single control characters and invisible direction marks.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const escapes = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|\u009b[0-?]*[ -/]*[@-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;

/** @returns the text on one line, without escape sequences, control characters and invisible direction marks */
export function plainText(text: string): string {
  return String(text)
    .replace(escapes, "")
    .replace(/[\t\r\n]+/g, " ")
    .replace(controls, "");
}
