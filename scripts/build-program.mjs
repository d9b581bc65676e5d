/**
 * Makes the C++ headers of the structs that TypeScript and native/ share: native/program.gen.h, native/dispatch.gen.h and native/cuda/program.gen.cuh, from the schemas of the two engines
 * (src/engine/schema/fields.ts). --check compares them with the committed ones.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const lineWidth = 150;

const headers = [
  {
    file: "native/program.gen.h",
    source: "src/engine/cpu/program/schema.ts",
    schema: "cpuSchema",
    about: "The CPU engine's program as it lies in the arena: 32-bit words, read through these structs.",
    content: structs,
  },
  {
    file: "native/dispatch.gen.h",
    source: "src/engine/cpu/program/schema.ts",
    schema: "cpuSchema",
    about: "From the kind of an op to the function that carries it out.",
    content: (_, schema) => dispatch(schema),
  },
  {
    file: "native/cuda/program.gen.cuh",
    source: "src/engine/cuda/schema.ts",
    schema: "cudaSchema",
    about: "The structs that the host writes and CUDA's kernels read.",
    content: structs,
  },
];

/** @returns the exports of a TypeScript module, compiled from its source: dist/ may be older */
async function load(source) {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-program-"));
  try {
    const bundle = await rolldown({ input: join(root, source), platform: "node", logLevel: "warn" });
    const file = join(folder, "schema.mjs");
    await bundle.write({ file, format: "esm" });
    await bundle.close();
    return await import(pathToFileURL(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns the text as a comment, wrapped at lineWidth */
function comment(text) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < lineWidth) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`// ${word}`);
  }
  return lines;
}

/** @returns lines of code, each with its comment behind it, the comments in one column */
function aligned(rows) {
  const column = Math.max(0, ...rows.filter(({ doc }) => doc).map(({ code }) => code.length));
  return rows.map(({ code, doc }) => (doc ? `${code.padEnd(column)}  // ${doc}` : code));
}

function capitalized(name) {
  return name[0].toUpperCase() + name.slice(1);
}

function number({ value, type }) {
  const text = String(value);
  if (type === "float") return `${text}f`;
  return type === "uint32_t" ? `${text}u` : text;
}

/** @returns the constants; neighbours with the same comment share it */
function constants(schema) {
  const lines = [];
  let text = "";
  for (const [name, constant] of Object.entries(schema.constants)) {
    if (constant.doc !== text) lines.push("", ...comment(constant.doc));
    text = constant.doc;
    lines.push(`constexpr ${constant.type} ${name} = ${number(constant)};`);
  }
  return [...lines.slice(1), ""];
}

function enumeration([name, { doc, prefix, first = 0, values }]) {
  const rows = Object.entries(values).map(([value, text], i) => ({
    code: `  ${prefix}${capitalized(value)}${i === 0 && first !== 0 ? ` = ${first}` : ""},`,
    doc: text,
  }));
  const size = `constexpr int32_t ${prefix}Count = ${rows.length};`;
  return [...comment(doc), `enum ${name} : int32_t {`, ...aligned(rows), "};", size, ""];
}

/** @returns the C++ type and the name of a field */
function declaration(module, name, kind) {
  const { wordKinds } = module;
  const of = (type) => wordKinds[type]?.name ?? type;
  if (typeof kind === "string") return { type: of(kind), name };
  if ("optional" in kind) return { type: kind.optional, name };
  if ("present" in kind) return { type: of("flag"), name };
  if ("upTo" in kind) return { type: of(kind.of), name: `${name}[${kind.upTo}]` };
  if ("list" in kind) return { type: of("count"), name: kind.count };
  return { type: `${kind.pointer}*`, name };
}

/** @returns the fields of a struct; those that the schema puts together share a line, and so do neighbours of one type without comments */
function members(module, fields) {
  const rows = [];
  for (const [field, { kind, doc, beside }] of Object.entries(fields)) {
    const { type, name } = declaration(module, field, kind);
    const row = rows.at(-1);
    const plain = !doc && row?.type === type && row.doc === "" && !type.endsWith("*");
    if (beside || plain) {
      row.names.push(name);
      row.doc = doc;
    } else {
      rows.push({ type, names: [name], doc });
    }
  }
  return aligned(rows.map(({ type, names, doc }) => ({ code: `  ${type} ${names.join(", ")};`, doc })));
}

/** @returns functions that give the structs which stand behind the fields */
function lists(fields) {
  let before = "this + 1";
  return Object.entries(fields).flatMap(([name, { kind }]) => {
    if (!kind.list) return [];
    const line = `  const ${kind.list}* ${name}() const { return reinterpret_cast<const ${kind.list}*>(${before}); }`;
    before = `${name}() + ${kind.count}`;
    return [line];
  });
}

function struct(module, [name, { doc, fields }], ops) {
  const isOp = Object.values(ops).some((op) => op.struct === name);
  const body = [...(isOp ? ["  Op op;"] : []), ...members(module, fields)];
  const behind = lists(fields);
  return [...(doc ? comment(doc) : []), `struct ${name} {`, ...body, ...(behind.length > 0 ? ["", ...behind] : []), "};", ""];
}

/** @throws where a field has an unknown kind */
function checkKinds({ wordKinds }, schema) {
  for (const [name, { fields }] of Object.entries(schema.structs)) {
    for (const [field, { kind }] of Object.entries(fields)) {
      const wanted = typeof kind === "string" ? kind : (kind.optional ?? kind.list ?? kind.of);
      const known = wanted === undefined || wanted in wordKinds || wanted in schema.enums || wanted in schema.structs;
      if (!known) throw new Error(`${name}.${field} is of kind ${wanted}, which the schema does not have.`);
    }
  }
}

/** The interpreter's switch over the kinds of ops, with the kernels that it calls. */
function dispatch({ ops }) {
  const files = [...new Set(["context.h", ...Object.values(ops).map(({ file }) => file)])].sort();
  return [
    ...files.map((file) => `#include "${file}"`),
    "",
    "namespace run {",
    "",
    "static void dispatch(const Op* op, const Context& c) {",
    "  switch (op->kind) {",
    ...Object.entries(ops).map(
      ([name, { struct: words, execute }]) =>
        `    case op${capitalized(name)}: return ${execute}(*reinterpret_cast<const ${words}*>(op), c);`,
    ),
    "  }",
    "}",
    "",
    "}  // namespace run",
  ];
}

function aliases({ wordKinds }, schema) {
  const used = new Set(
    Object.values(schema.structs).flatMap(({ fields }) =>
      Object.values(fields).flatMap(({ kind }) => {
        if (typeof kind === "string") return [kind];
        return "present" in kind ? ["flag"] : "list" in kind ? ["count"] : "upTo" in kind ? [kind.of] : [];
      }),
    ),
  );
  const rows = Object.entries(wordKinds)
    .filter(([kind, { alias }]) => alias && used.has(kind))
    .map(([, { name, alias }]) => ({ code: `using ${name} = ${alias.type};`, doc: alias.doc }));
  return rows.length > 0 ? ["// The meanings of a word.", ...aligned(rows), ""] : [];
}

function structs(module, schema) {
  const { ops = {} } = schema;
  const version = [
    "// Hash of the schema: TypeScript refuses kernels that were built for another one.",
    `constexpr int32_t programVersion = ${module.programVersion};`,
    "",
  ];
  return [
    "#include <stdint.h>",
    "",
    ...(module.programVersion === undefined ? [] : version),
    ...constants(schema),
    ...aliases(module, schema),
    ...Object.entries(schema.enums).flatMap(enumeration),
    ...Object.entries(schema.structs).flatMap((entry) => struct(module, entry, ops)),
  ];
}

async function header({ source, schema: name, about, content }) {
  const module = { ...(await load("src/engine/schema/fields.ts")), ...(await load(source)) };
  const schema = module[name];
  checkKinds(module, schema);
  const lines = [
    `// ${about}`,
    `// Made by npm run build:program of ${source}: change that, not this.`,
    "#pragma once",
    ...content(module, schema),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

for (const each of headers) {
  const path = join(root, each.file);
  const made = await header(each);
  if (!process.argv.includes("--check")) {
    writeFileSync(path, made);
  } else if (readFileSync(path, "utf8") === made) {
    console.log(`${each.file} is what ${each.source} makes.`);
  } else {
    console.error(`${each.file} is not what ${each.source} makes; run npm run build:program and commit the result.`);
    process.exitCode = 1;
  }
}
