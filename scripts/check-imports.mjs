#!/usr/bin/env node
/**
 * The direction of imports (docs/architecture.md), checked on the syntax tree: Biome's noRestrictedImports knows neither
 * resolved paths nor type-only imports, and both matter here.
 *
 *   bin → cli → {ui, serve, report, export, doctor} → {train, predict} → run → engine → data → config → {model, picture} → util
 *
 * A folder imports itself and any folder to its right, never one of its own rank; imports of types count like all others. No file imports itself
 * through other files, and no engine imports another one.
 *
 * Usage: node scripts/check-imports.mjs [ROOT]; prints one line for each violation, and exits with 1 where there is one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { importCircles } from "./import-circles.mjs";

const ranks = [
  ["bin"],
  ["cli"],
  ["ui", "serve", "report", "export", "doctor"],
  ["train", "predict"],
  ["run"],
  ["engine"],
  ["data"],
  ["config"],
  ["model", "picture"],
  ["util"],
];

/** Imports that are forbidden although the ranks allow them. */
const banned = [
  { from: /^src\/(ui|report)\//, to: /^src\/engine\//, why: "a view looks at run/state, never at an engine" },
  { from: /^src\/ui\/(?!tui\/)/, to: /^src\/ui\/tui\//, why: "only tui/ and cli/ know the terminal" },
];

/** Folders of src/engine that are no engine: every engine may import them, and they import none. */
const sharedByEngines = ["contract", "shared", "schema", "nvidia"];

/** Packages that only one folder may import. */
const owners = [
  { packages: /^(blessed|blessed-contrib)$/, place: /^src\/ui\/tui\// },
  { packages: /^commander$/, place: /^src\/cli\// },
  { packages: /^(@tensorflow\/.*|webgpu)$/, place: /^src\/engine\/tfjs\// },
  { packages: /^koffi$/, place: /^src\/engine\// },
  { packages: /^(fastify|@fastify\/.*)$/, place: /^src\/serve\// },
];

/** @param {string} root the repository @returns {string[]} violations, "FILE:LINE: VIOLATION" */
export function checkImports(root) {
  const paths = ["bin", "src"].flatMap((folder) => sourceFiles(join(root, folder)));
  const files = paths.map((path) => inspect(relative(root, path).split(sep).join("/"), readFileSync(path, "utf8")));
  const circles = importCircles(new Map(files.map(({ file, targets }) => [file, targets])));
  return [
    ...files.flatMap(({ violations }) => violations),
    ...circles.map((circle) => `${circle[0]}: imports itself: ${[...circle, circle[0]].join(" → ")}`),
  ];
}

/** @param {string} file its path from the root, with slashes @param {string} text @returns {string[]} */
export function checkFile(file, text) {
  return inspect(file, text).violations;
}

/** @returns a file's violations, and the files that it imports */
function inspect(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const violations = [];
  const targets = [];
  const report = (node, message) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    violations.push(`${file}:${line + 1}: ${message}`);
  };
  const visit = (node) => {
    const imported = importOf(node);
    if (imported) {
      if (imported.specifier.startsWith(".")) targets.push(resolve(file, imported.specifier));
      const message = importViolation(file, imported.specifier, imported.typeOnly);
      if (message) report(node, message);
    }
    if (exitsProcess(node) && !/^(bin|src\/cli)\//.test(file))
      report(node, "process.exit outside cli/; throw a UserError or return instead");
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { file, violations, targets };
}

/** @returns the specifier of an import of any kind; undefined for another node */
function importOf(node) {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeOnly(node) };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return { specifier: node.argument.literal.text, typeOnly: true };
  if (ts.isCallExpression(node) && node.arguments.length > 0 && ts.isStringLiteralLike(node.arguments[0])) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
    if (isImport || isRequire) return { specifier: node.arguments[0].text, typeOnly: false };
  }
  return undefined;
}

function isTypeOnly(node) {
  if (ts.isExportDeclaration(node))
    return node.isTypeOnly || (node.exportClause && ts.isNamedExports(node.exportClause) && everyIsType(node.exportClause.elements));
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return !clause.name && bindings !== undefined && ts.isNamedImports(bindings) && everyIsType(bindings.elements);
}

function everyIsType(elements) {
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
}

function importViolation(file, specifier, typeOnly) {
  if (!specifier.startsWith(".")) {
    const owner = owners.find(({ packages, place }) => packages.test(specifier) && !place.test(file));
    return owner && `only ${owner.place.source.replace(/[\\^]/g, "")} may import ${specifier}`;
  }
  const target = resolve(file, specifier);
  const [from, to] = [rankOf(file), rankOf(target)];
  if (from === undefined || to === undefined) return `${specifier} is outside the known folders (${ranks.flat().join(", ")})`;
  const [engine, imported] = [engineOf(file), engineOf(target)];
  if (engine && imported && engine !== imported && !sharedByEngines.includes(imported))
    return `imports ${target}: engines share src/engine/{${sharedByEngines.join(", ")}} and nothing else`;
  const ban = banned.find((rule) => rule.from.test(file) && rule.to.test(target));
  if (ban) return `imports ${target}: ${ban.why}`;
  if (folderOf(file) === folderOf(target) || from < to) return undefined;
  const kind = typeOnly ? "a type of " : "";
  return `imports ${kind}${target}: imports go ${ranks.map((names) => (names.length > 1 ? `{${names.join(", ")}}` : names[0])).join(" → ")}`;
}

/** @returns {string} the source file behind an import: dist/ holds the compiled src/, and a .js file is a compiled .ts */
function resolve(file, specifier) {
  const path = posix.join(posix.dirname(file), specifier).replace(/^dist\//, "src/");
  return path.startsWith("src/") ? path.replace(/\.js$/, ".ts") : path;
}

/** @returns {string | undefined} the folder of src/engine that a file lies in; none for a file of src/engine itself */
function engineOf(path) {
  return /^src\/engine\/([^/]+)\//.exec(path)?.[1];
}

function folderOf(path) {
  const [first, second] = path.split("/");
  return first === "src" ? second : first;
}

function rankOf(path) {
  // package.json and the native build are below all folders: every folder may read them.
  if (path === "package.json" || path.startsWith("native/")) return ranks.length;
  const rank = ranks.findIndex((names) => names.includes(folderOf(path)));
  return rank < 0 ? undefined : rank;
}

function exitsProcess(node) {
  if (ts.isPropertyAccessExpression(node)) {
    const names = ["exit", "reallyExit", "abort"];
    return ts.isIdentifier(node.expression) && node.expression.text === "process" && names.includes(node.name.text);
  }
  return (
    ts.isImportSpecifier(node) &&
    (node.propertyName ?? node.name).text === "exit" &&
    ["process", "node:process"].includes(node.parent.parent.parent.moduleSpecifier.text)
  );
}

function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkImports(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), ".."));
  for (const violation of violations) console.log(violation);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
