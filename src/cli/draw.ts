import { Command } from "commander";
import { type Classifier, openClassifier } from "../predict/classifier.js";
import { modelLines } from "../predict/description.js";
import { findModels } from "../predict/models.js";
import { UserError } from "../util/errors.js";
import { addModelOptions, type ModelFlags } from "./options.js";
import { colorWanted, dashboardProblem, writeText } from "./output.js";
import { interruptCode, watchSignals } from "./signals.js";

interface DrawOptions extends ModelFlags {
  ascii?: boolean;
}

/** `mnist-tui draw`: a canvas in the terminal, read while the user draws. */
export function drawCommand(): Command {
  return addModelOptions(new Command("draw"))
    .description("draw a digit in the terminal, with the mouse or keys, and watch trained models read it")
    .option("--ascii", "no characters beyond ASCII")
    .addHelpText("after", "\nExample:\n  mnist-tui draw --checkpoint checkpoints/pretrained\n")
    .action(draw);
}

async function draw(options: DrawOptions): Promise<void> {
  const reason = dashboardProblem();
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
    writeText(`${(await modelLines(sources)).join("\n")}\n`, options);
    // The screen reads Ctrl-C as a key.
    process.exitCode = signals.exitCode ?? (end === "C-c" ? interruptCode : 0);
  } finally {
    await Promise.all(classifiers.map((classifier) => classifier.dispose()));
    signals.end();
  }
}
