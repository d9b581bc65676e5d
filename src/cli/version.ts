import { readFileSync } from "node:fs";
import { Command } from "commander";
import { writeOutput } from "./output.js";

/** The program's version, from the package.json beside dist/ and src/ alike. */
export const packageVersion: string = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;

/** `mnist-tui version` */
export function versionCommand(): Command {
  return new Command("version")
    .description("print the version")
    .addHelpText("after", "\nExample:\n  mnist-tui version\n")
    .action(() => writeOutput(`${packageVersion}\n`));
}
