import { Command, Option } from "commander";
import { defaultCheckpointDir } from "../config/defaults.js";
import { engines } from "../config/settings.js";
import type { EngineChoice } from "../config/types.js";
import { type Classifier, openClassifier } from "../predict/classifier.js";
import { findModels } from "../predict/models.js";
import { dashboardUnavailable } from "../ui/terminal.js";
import { UserError } from "../util/errors.js";
import { colorWanted, writeOutput } from "./output.js";
import { watchSignals } from "./signals.js";

interface DrawOptions {
  checkpoint?: string;
  checkpointDir: string;
  engine: EngineChoice;
  ascii?: boolean;
}

/** What the screen's Ctrl-C means to whoever reads the exit code. */
const interruptCode = 130;

/** `mnist-tui draw`: a canvas in the terminal, read while one draws. */
export function drawCommand(): Command {
  return new Command("draw")
    .description("draw a digit in the terminal, with the mouse or keys, and watch trained models read it")
    .option("--checkpoint <dir>", "a checkpoint's, model's or run's folder (default: the newest run's best, else the pretrained one)")
    .option("--checkpoint-dir <dir>", "where runs are stored", defaultCheckpointDir)
    .addOption(new Option("--engine <name>", "what does the arithmetic").choices(engines).default("auto"))
    .option("--ascii", "no characters beyond ASCII")
    .addHelpText("after", "\nExample:\n  mnist-tui draw --checkpoint checkpoints/pretrained\n")
    .action(draw);
}

async function draw(options: DrawOptions): Promise<void> {
  const terminal = { input: process.stdin.isTTY === true, output: process.stdout.isTTY === true };
  const reason = dashboardUnavailable(terminal, process.env);
  if (reason)
    throw new UserError(`draw needs a terminal, but ${reason}; use mnist-tui predict for files, or serve for a canvas in a browser.`);
  const sources = await findModels(options);
  const classifiers: Classifier[] = [];
  const signals = watchSignals(() => {});
  try {
    for (const { dir } of sources) classifiers.push(await openClassifier(dir, { engine: options.engine, threads: 1 }));
    const { openDrawScreen } = await import("../ui/tui/draw-screen.js");
    const models = sources.map(({ name, origin }, i) => ({
      name,
      origin,
      dataset: classifiers[i].info.dataset,
      classNames: classifiers[i].info.classNames,
      predict: async (pixels: Float32Array) => (await classifiers[i].classify(pixels))[0].probabilities,
    }));
    const screen = openDrawScreen({ ascii: options.ascii === true, color: colorWanted(), models });
    const end = await Promise.race([screen.finished, signals.received]).finally(() => screen.close());
    writeOutput(`${sources.map(({ origin }) => `model: ${origin}`).join("\n")}\n`);
    process.exitCode = signals.exitCode ?? (end === "C-c" ? interruptCode : 0);
  } finally {
    await Promise.all(classifiers.map((classifier) => classifier.dispose()));
    signals.end();
  }
}
