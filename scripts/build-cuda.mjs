/**
 * Compiles native/cuda/*.cu to the PTX beside them with CUDA's nvcc; ptxas then assembles the text for every GPU that it knows. --check compiles to a
 * temporary folder and compares. Where nvcc is missing, --check only says so.
 *
 * nvcc 13 writes PTX that drivers before CUDA 13 refuse to read and GPUs before Turing to run, because of its header alone: its instructions run on
 * any Volta. So the header is lowered. ptxas checks every instruction against the header's version and target, which proves that it may be.
 *
 * nvcc's text differs a little from run to run and from folder to folder: one register more, two loads in place of a wider one. So where bytes differ,
 * --check compares each kernel's parameters and the counts of its instructions, moves and loads from shared memory left out. Another release of nvcc
 * makes other instructions; its text is not compared.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const native = fileURLToPath(new URL("../native/cuda/", import.meta.url));
const compiler = process.env.NVCC ?? "nvcc";
const assembler = process.env.PTXAS ?? "ptxas";

/**
 * Source, the lowest target that nvcc has, and the header that the text gets: PTX 6.0 is CUDA 9.0's, sm_70 Volta; PTX 7.0 is CUDA 11.0's, sm_80
 * Ampere, the first with TF32.
 */
const modules = [
  { name: "kernels", arch: "compute_75", version: "6.0", target: "sm_70" },
  { name: "kernels-tf32", arch: "compute_80", version: "7.0", target: "sm_80" },
];

/** A hint for memory checkers, newer than the PTX version in the header. */
const hint = /^\s*\.pragma "used_bytes_mask .*\n/gm;

function compile({ name, arch, version, target }, folder) {
  const output = join(folder, `${name}.ptx`);
  execFileSync(compiler, ["-ptx", `-arch=${arch}`, "-std=c++20", "-Werror", "all-warnings", "-o", output, `${name}.cu`], {
    cwd: native,
    stdio: "inherit",
  });
  const text = readFileSync(output, "utf8").replace(hint, "");
  const lowered = text.replace(/^\.version .*$/m, `.version ${version}`).replace(/^\.target .*$/m, `.target ${target}`);
  writeFileSync(output, lowered);
  return output;
}

/** @returns the GPUs that ptxas knows and that can run code for the target */
function architectures(target) {
  const help = execFileSync(assembler, ["--help"], { encoding: "utf8" });
  const least = Number(target.replace("sm_", ""));
  const names = [...new Set(help.match(/(?<=')sm_\d+(?=')/g))].filter((name) => Number(name.replace("sm_", "")) >= least);
  return names.sort((a, b) => Number(a.replace("sm_", "")) - Number(b.replace("sm_", "")));
}

/** @returns the GPUs for which the text assembles @throws where it does not assemble for a GPU, or spills registers on it */
async function assemble(file, target) {
  const waiting = architectures(target);
  const assembled = [...waiting];
  const work = async () => {
    for (let arch = waiting.shift(); arch; arch = waiting.shift()) {
      const { stderr } = await promisify(execFile)(assembler, [`-arch=${arch}`, "--warn-on-spills", "-o", `${file}.${arch}`, file]);
      if (/warning/.test(stderr)) throw new Error(`${file} does not fit ${arch}: ${stderr}`);
    }
  };
  await Promise.all([work(), work()]);
  return assembled;
}

/** @returns for each kernel, its parameters and its sorted instructions */
function summary(ptx) {
  const kernels = new Map();
  for (const [, name, parameters, body] of ptx.matchAll(/\.visible \.entry (\w+)\(([^)]*)\)([\s\S]*?)\n}\n/g)) {
    const instructions = [...body.matchAll(/^\t(?:@!?%p\d+ )?([a-z][\w.]*)/gm)].map(([, instruction]) => instruction);
    const counted = instructions.filter((instruction) => !/^(mov|ld\.shared)\b/.test(instruction)).sort();
    kernels.set(name, `${parameters}\n${counted.join("\n")}`);
  }
  return kernels;
}

/** @returns the compiler named in a text: "Cuda compilation tools, release 13.0, V13.0.88" */
function toolsOf(ptx) {
  return ptx.match(/^\/\/ (Cuda compilation tools.*)$/m)?.[1];
}

/** @returns names of the kernels that differ */
function differing(a, b) {
  const [left, right] = [summary(a), summary(b)];
  return [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
}

const check = process.argv.includes("--check");
if (spawnSync(compiler, ["--version"]).error) {
  console.log(`${compiler} is not here: the PTX was not compiled again.`);
  process.exitCode = check ? 0 : 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-cuda-"));
  try {
    for (const module of modules) {
      const committed = join(native, `${module.name}.ptx`);
      const fresh = compile(module, folder);
      console.log(`${module.name}.ptx assembles for ${(await assemble(fresh, module.target)).join(", ")}.`);
      if (!check) {
        writeFileSync(committed, readFileSync(fresh));
        continue;
      }
      const [text, before] = [fresh, committed].map((file) => readFileSync(file, "utf8"));
      const wrong = differing(text, before);
      if (wrong.length === 0) console.log(`${module.name}.ptx is what the sources make.`);
      else if (toolsOf(text) !== toolsOf(before))
        console.log(`It was made by ${toolsOf(before)} and not compared with what ${toolsOf(text)} makes.`);
      else {
        console.error(
          `${wrong.join(", ")} in ${committed} are not what ${compiler} makes of native/cuda; run npm run build:cuda and commit the result.`,
        );
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
