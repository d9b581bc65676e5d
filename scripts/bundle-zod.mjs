#!/usr/bin/env node
/**
 * Writes dist/vendor/zod.js, the target of `#zod` in package.json: zod in one file, without its fifty languages. Every command loads it when it
 * starts: Node takes 100 ms for zod's own hundred files, and 20 ms for this one.
 */
import { readFileSync } from "node:fs";
import { rolldown } from "rolldown";
import * as zod from "zod";

const entry = "mnist-tui:zod";
/** Exports that contain the languages: `locales`, and the namespaces of all exports. */
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
