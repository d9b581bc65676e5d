import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** The rules for documents: they are short, their links lead somewhere, and every result is in the index and has the common layout. */

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const tooLong = (line: string) => [...line].length > 200;

function documents(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const folders = ["docs", "bench", "native"].flatMap(documents);
const files = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "checkpoints/README.md", ...folders];

/** @returns the anchors that GitHub makes of a document's headings */
function anchors(file: string): string[] {
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase());
  return headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

function leadsSomewhere(file: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [path, heading] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  return existsSync(join(root, target)) && (heading === undefined || anchors(target).includes(heading));
}

describe("documents", () => {
  it("have links that lead to files and headings of the repository", () => {
    const links = files.flatMap((file) => [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => ({ file, link })));
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter(({ file, link }) => !leadsSomewhere(file, link))).toEqual([]);
  });

  it("have lines of prose of at most 200 characters", () => {
    const prose = files.flatMap((file) =>
      read(file)
        .split("\n")
        .map((line) => ({ file, line })),
    );
    expect(prose.filter(({ line }) => !line.startsWith("|") && tooLong(line))).toEqual([]);
  });

  it("begin with a README of at most 120 lines, none of them over 200 characters, tables included", () => {
    const lines = read("README.md").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(120);
    expect(lines.filter(tooLong)).toEqual([]);
  });

  it("list every result; each result begins with date, question, processor, software, commit, command and verdict", () => {
    const results = readdirSync(join(root, "bench/results"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const index = read("bench/results/INDEX.md");
    for (const { name } of results) {
      expect(index).toContain(`](${name}/README.md)`);
      const rows = [...read(`bench/results/${name}/README.md`).matchAll(/^\| (\w+) \| .+ \|$/gm)].map(([, row]) => row);
      expect(rows.slice(0, 7), name).toEqual(["date", "question", "processor", "software", "commit", "command", "verdict"]);
    }
  });
});
