/** Colours that a terminal can show; 1 is none. */
type ColorDepth = 256 | 16 | 1;

/** A terminal's abilities, known before a single byte is written to it. */
export interface TerminalTraits {
  depth: ColorDepth;
  charset: "unicode" | "ascii";
}

interface TraitOptions {
  env: Record<string, string | undefined>;
  ascii: boolean;
  color: boolean;
  /** This machine's unless told. */
  platform?: NodeJS.Platform;
}

/** Colours and characters that this terminal can be trusted with. `env` is process.env or a stand-in. */
export function terminalTraits({ env, ascii, color, platform }: TraitOptions): TerminalTraits {
  const term = (env.TERM ?? "").toLowerCase();
  // The Linux console's fonts have no braille.
  const charset = term === "linux" ? "ascii" : charsetFor({ env, ascii, platform });
  if (!color || (env.NO_COLOR ?? "") !== "" || colorless.test(term)) return { depth: 1, charset };
  const many = /256|truecolor|24bit|direct|kitty|alacritty|wezterm|ghostty/.test(`${term} ${env.COLORTERM ?? ""}`.toLowerCase());
  return { depth: many ? 256 : 16, charset };
}

/**
 * Characters for text of any kind, on a terminal or in a file: ASCII where it is asked for, where the locale is C or POSIX (which it is
 * where no variable names one, as POSIX has it) or has a charset other than UTF-8. Windows knows no such variables.
 */
export function charsetFor({ env, ascii, platform = process.platform }: Omit<TraitOptions, "color">): TerminalTraits["charset"] {
  if (ascii) return "ascii";
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  if (locale === "") return platform === "win32" ? "unicode" : "ascii";
  const charset = /\.([^@]+)/.exec(locale)?.[1];
  return /^(C|POSIX)$/.test(locale) || (charset !== undefined && !/^utf-?8$/i.test(charset)) ? "ascii" : "unicode";
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
