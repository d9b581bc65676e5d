import { Command, CommanderError } from "commander";
import { UserError } from "../util/errors.js";
import { dashboardProblem, exitWhenWritten, watchOutput, writeNotice, writeText } from "./output.js";
import { packageVersion, versionCommand } from "./version.js";

/** Every command. Its code is loaded only when it is called, so that the program starts quickly. */
const commands: Record<string, { describe: string; load(): Promise<Command> }> = {
  train: {
    describe: "train one or more models at the same time",
    load: async () => (await import("./train.js")).trainCommand(),
  },
  predict: {
    describe: "read the digit in pictures with a trained model",
    load: async () => (await import("./predict.js")).predictCommand(),
  },
  draw: {
    describe: "draw a digit in the terminal and watch trained models read it",
    load: async () => (await import("./draw.js")).drawCommand(),
  },
  serve: {
    describe: "HTTP server: predictions, a page to draw on, live runs",
    load: async () => (await import("./serve.js")).serveCommand(),
  },
  runs: {
    describe: "list the runs in the checkpoint folder",
    load: async () => (await import("./runs.js")).runsCommand(),
  },
  summary: {
    describe: "layers, output shapes and parameters of a model",
    load: async () => (await import("./summary.js")).summaryCommand(),
  },
  data: {
    describe: "download, verify or generate a dataset",
    load: async () => (await import("./data.js")).dataCommand(),
  },
  doctor: {
    describe: "which engines and devices are usable here, and how to get the others",
    load: async () => (await import("./doctor.js")).doctorCommand(),
  },
  tensorflow: {
    describe: "use a TensorFlow that pip installed",
    load: async () => (await import("./tensorflow.js")).tensorflowCommand(),
  },
  bench: {
    describe: "measure the training speed of the models on this machine",
    load: async () => (await import("./bench.js")).benchCommand(),
  },
  version: {
    describe: "print the version",
    load: async () => versionCommand(),
  },
};

/** Runs one command line and ends the process: 0 done, 1 failed, 2 wrong usage, 128 + n after a signal. */
export async function runProgram(args: readonly string[]): Promise<void> {
  watchOutput();
  const program = await buildProgram(args[0]);
  try {
    await checkCommand(args[0]);
    await program.parseAsync(args, { from: "user" });
    exitWhenWritten(Number(process.exitCode ?? 0));
  } catch (error) {
    const { message, exitCode } = await explain(error, program, args);
    if (message) writeNotice(`mnist-tui: ${message}`);
    exitWhenWritten(exitCode);
  }
}

/** @param called the command whose code is loaded; the others are only listed */
async function buildProgram(called: string | undefined): Promise<Command> {
  const program = new Command("mnist-tui")
    .description("Train, compare and try small convolutional networks on MNIST in the terminal.")
    .version(packageVersion, "-v, --version", "print the version (-V too)")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", "\nExamples:\n  mnist-tui train --compare simple,residual\n  mnist-tui help train\n")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: (text) => writeText(text), writeErr: () => {} });
  for (const [name, { describe, load }] of Object.entries(commands)) {
    if (name === called) program.addCommand(inherit(await load(), program));
    else program.command(name).description(describe);
  }
  program.action(async () => {
    if (dashboardProblem() !== undefined) return program.outputHelp();
    const { setUpAndTrain } = await import("./setup.js");
    await setUpAndTrain();
  });
  return program;
}

/** commander takes an unknown command for an argument too many. */
async function checkCommand(name: string | undefined): Promise<void> {
  if (name === undefined || name === "help" || name.startsWith("-") || Object.hasOwn(commands, name)) return;
  const { unknownCommand } = await import("./usage.js");
  throw unknownCommand(name, Object.keys(commands));
}

function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

/** @returns the message to print, if there is one, and the exit code */
async function explain(error: unknown, program: Command, args: readonly string[]): Promise<{ message?: string; exitCode: number }> {
  if (process.env.MNIST_TUI_DEBUG && !(error instanceof CommanderError && error.exitCode === 0)) console.error(error);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: 0 };
    // Its code is loaded only here: a command that is right does without the table of settings.
    const { explainUsage } = await import("./usage.js");
    return { message: explainUsage(error, program, args), exitCode: 2 };
  }
  if (error instanceof UserError) return { message: error.message, exitCode: error.exitCode };
  const message = error instanceof Error ? error.message : String(error);
  return { message: `${message.split("\n")[0]} (set MNIST_TUI_DEBUG=1 to see where)`, exitCode: 1 };
}
