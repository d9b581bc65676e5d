/** Text from events may hold anything (a trainer's stderr, a run's name); here it loses all that a terminal would act on. */

// ESC sequences: CSI … final byte, OSC … BEL or ST, and two-character ones; then single control characters and invisible direction marks.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for control characters
const escapes = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|\u009b[0-?]*[ -/]*[@-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for control characters
const controls = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;

/** @returns the text on one line, without escape sequences, control characters and invisible direction marks */
export function plainText(text: string): string {
  return String(text)
    .replace(escapes, "")
    .replace(/[\t\r\n]+/g, " ")
    .replace(controls, "");
}
