import { readFileSync } from "node:fs";

/** The program's version, from the package.json beside dist/ and src/ alike. */
export const packageVersion: string = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
