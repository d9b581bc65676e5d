import { Command } from "commander";
import { addTrainOptions, readSources } from "./train-options.js";
import { planTraining } from "./train-plan.js";
import { trainRun } from "./train-run.js";

/** `mnist-tui train`: trains models at the same time, each in a process of its own. */
export function trainCommand(): Command {
  return addTrainOptions(new Command("train"))
    .description("train one or more models at the same time; a dashboard on a terminal, lines of text otherwise")
    .action(async (parsed: Record<string, unknown>) => {
      process.exitCode = await trainRun(await planTraining(readSources(parsed)));
    });
}
