/** Colours that a terminal can show; 1 is none. */
export type ColorDepth = 256 | 16 | 1;

/** A terminal's abilities, known before a single byte is written to it. */
export interface TerminalTraits {
  depth: ColorDepth;
  charset: "unicode" | "ascii";
}

export interface TraitOptions {
  env: Record<string, string | undefined>;
  ascii: boolean;
  color: boolean;
}

/** Colours and characters that this terminal can be trusted with. `env` is process.env or a stand-in. */
export function terminalTraits({ env, ascii, color }: TraitOptions): TerminalTraits {
  const term = (env.TERM ?? "").toLowerCase();
  // The Linux console's fonts have no braille, and an explicit charset other than UTF-8 has none either.
  const charset = ascii || term === "linux" || foreignCharset(env) ? "ascii" : "unicode";
  if (!color || (env.NO_COLOR ?? "") !== "" || colorless.test(term)) return { depth: 1, charset };
  const many = /256|truecolor|24bit|direct|kitty|alacritty|wezterm|ghostty/.test(`${term} ${env.COLORTERM ?? ""}`.toLowerCase());
  return { depth: many ? 256 : 16, charset };
}

/**
 * @param terminal which of the three streams are terminals
 * @returns one sentence why a dashboard cannot be shown, or undefined where it can
 */
export function dashboardUnavailable(
  terminal: { input: boolean; output: boolean },
  env: Record<string, string | undefined>,
): string | undefined {
  if (!terminal.output) return "standard output is not a terminal";
  if (!terminal.input) return "standard input is not a terminal";
  const term = env.TERM ?? "";
  if (process.platform !== "win32" && (term === "" || term === "dumb" || term === "unknown"))
    return `TERM is "${term}", which cannot move the cursor`;
  return undefined;
}

const colorless = /^(vt\d|vt100|vt102|vt220|vt320|xterm-mono|xtermm|ansi-mono|.*-m$|.*-mono$)/;

function foreignCharset(env: Record<string, string | undefined>): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  const charset = /\.([^@]+)/.exec(locale)?.[1];
  return charset !== undefined && !/^utf-?8$/i.test(charset);
}
