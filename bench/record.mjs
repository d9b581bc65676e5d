// Writes a folder of bench/results in the layout that all have: README.md with question, machine, commit, command, table and verdict; data beside it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @returns the checked-out commit, marked where files differ from it */
function commit() {
  try {
    const git = (...args) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? " with uncommitted changes" : "");
  } catch {
    return "not recorded";
  }
}

/** @returns this process's command line; a path is shortened to its last name */
function commandLine() {
  const shown = (argument) =>
    argument
      .split(",")
      .map((part) => (isAbsolute(part) ? basename(part) : part))
      .join();
  return ["node", `bench/${basename(process.argv[1])}`, ...process.argv.slice(2).map(shown)].join(" ");
}

/** @returns rows as a table in Markdown; cells are text or numbers */
export function table(header, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), `|${"---|".repeat(header.length)}`, ...rows.map(line)].join("\n");
}

/** @returns rows as CSV; no cell needs quotes */
export function csv(header, rows) {
  return `${[header, ...rows].map((row) => row.join(",")).join("\n")}\n`;
}

/**
 * Writes or replaces README.md and the data files of a result.
 * @param result title, question, software (beside Node), verdict, figures (Markdown), data ({ name: text })
 */
export function record(folder, { title, question, software, verdict, figures, data }) {
  mkdirSync(folder, { recursive: true });
  const about = [
    ["date", new Date().toISOString().slice(0, 10)],
    ["question", question],
    ["processor", `${cpus()[0].model}, ${cpus().length} logical cores`],
    ["software", [`Node ${process.versions.node}`, ...(software ? [software] : [])].join(", ")],
    ["commit", commit()],
    ["command", `\`${commandLine()}\``],
    ["verdict", verdict],
  ];
  const links = Object.keys(data).map((name) => `[${name}](${name})`);
  const parts = [`# ${title}`, table(["", ""], about), "## Figures", figures, `Data: ${links.join(", ")}.`];
  writeFileSync(join(folder, "README.md"), `${parts.join("\n\n")}\n`);
  for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, name), text);
}
