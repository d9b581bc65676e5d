// node --import ./test/ui/typescript-loader.mjs FILE.ts: runs a TypeScript file of the tests on Node 20, by removing its types.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";
import ts from "typescript";

export async function load(url, context, nextLoad) {
  if (!url.endsWith(".ts")) return nextLoad(url, context);
  const source = await readFile(new URL(url), "utf8");
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
  return { format: "module", source: ts.transpileModule(source, { compilerOptions: options }).outputText, shortCircuit: true };
}

export async function resolve(specifier, context, nextResolve) {
  const own = /^\.\.?\/(?!.*\/dist\/).*\.js$/.test(specifier) && context.parentURL?.endsWith(".ts");
  return nextResolve(own ? specifier.replace(/\.js$/, ".ts") : specifier, context);
}

if (isMainThread) register(import.meta.url);
