import { datasetNames } from "../config/names.js";

/** Runs one command line, given without Node and the script, and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  const args = argv[0] === "help" && argv[1] !== undefined ? [...argv.slice(1), "--help"] : [...argv];
  if (args[0] === "-V") args[0] = "-v";
  if (args[0] === "train" && !args.some((arg) => arg === "-h" || arg === "--help")) await startAhead(args);
  // Not sooner: the code that reads the command line takes a while to load.
  const { runProgram } = await import("./program.js");
  await runProgram(args);
}

/** While the code of `train` is loaded, a trainer's process starts already, and the dataset that the arguments name is unpacked. */
async function startAhead(args: readonly string[]): Promise<void> {
  (await import("../train/trainer-fork.js")).startTrainerAhead();
  // Then a file names the dataset.
  if (optionValue(args, "--resume") !== undefined || optionValue(args, "--config") !== undefined) return;
  const { readDatasetAhead } = await import("../data/read-ahead.js");
  readDatasetAhead(optionValue(args, "--dataset") ?? datasetNames[0], optionValue(args, "--data-dir"));
}

/** @returns the value of an option where it stands last, as commander will read it; undefined: the option is not there */
function optionValue(args: readonly string[], option: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return undefined;
  return args[at] === option ? (args[at + 1] ?? "") : args[at].slice(option.length + 1);
}
