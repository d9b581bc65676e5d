#!/usr/bin/env node
/**
 * dist/vendor/zod.js: zod in one file, without its fifty languages, which `#zod` in package.json stands for. Node needs 100 ms to load zod's hundred
 * files and 20 for this one, before anything else happens.
 */
import { readFileSync } from "node:fs";
import { rolldown } from "rolldown";
import * as zod from "zod";

const entry = "mnist-tui:zod";
/** What holds the languages, and the namespaces that hold everything. */
const left = new Set(["core", "default", "locales", "z"]);
const names = Object.keys(zod).filter((name) => !left.has(name));
const license = readFileSync(new URL("../node_modules/zod/LICENSE", import.meta.url), "utf8");

const bundle = await rolldown({
  input: entry,
  plugins: [
    {
      name: "entry",
      resolveId: (id) => (id === entry ? entry : undefined),
      load: (id) => (id === entry ? `export { ${names.join(", ")} } from "zod";` : undefined),
    },
  ],
});
await bundle.write({
  file: "dist/vendor/zod.js",
  format: "esm",
  minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } },
  banner: `/*! zod\n${license}*/`,
});
await bundle.close();
