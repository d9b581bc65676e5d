import { Command } from "commander";
import { listRuns } from "../run/directory.js";
import { describeRun, type RunOverview } from "../train/overview.js";
import { formatPercent } from "../ui/format.js";
import { checkpointDirOption } from "./options.js";
import { writeOutput, writeText } from "./output.js";
import { removeCommand, renameCommand } from "./run-changes.js";
import { showCommand } from "./run-details.js";
import { formatTable } from "./table.js";

const examples = `
Examples:
  mnist-tui runs --json
  mnist-tui runs show 2026-11-21_14-05-09
  mnist-tui runs rename 2026-11-21_14-05-09 wide
  mnist-tui runs rm wide
`;

/** `mnist-tui runs`: the runs in the checkpoint folder, newest first; `show`, `rename` and `rm` for those that are named. */
export function runsCommand(): Command {
  return new Command("runs")
    .description("list the runs in the checkpoint folder, newest first; show, rename or remove some of them")
    .addOption(checkpointDirOption())
    .option("--json", "one JSON object a run on standard output")
    .addHelpText("after", examples)
    .addCommand(showCommand())
    .addCommand(renameCommand())
    .addCommand(removeCommand())
    .action(async ({ checkpointDir, json }: { checkpointDir: string; json?: boolean }) => {
      const runs = await Promise.all((await listRuns(checkpointDir)).map(describeRun));
      if (json) for (const run of runs) writeOutput(`${JSON.stringify(run)}\n`);
      else writeText(`${runs.length > 0 ? formatRuns(runs).join("\n") : `no runs in ${checkpointDir}`}\n`);
    });
}

/** A row a model; the run's own columns are filled in its first row. */
function formatRuns(runs: readonly RunOverview[]): string[] {
  const rows = runs.flatMap(({ run, created, dataset, models }) =>
    models.map((model, index) => [
      index === 0 ? run : "",
      index === 0 ? created.slice(0, 16).replace("T", " ") : "",
      index === 0 ? dataset : "",
      model.name,
      `${model.epochs}/${model.epochsPlanned}`,
      formatPercent(model.testAccuracy),
      formatPercent(model.bestTestAccuracy),
      model.state,
    ]),
  );
  const headings = ["run", "created (UTC)", "dataset", "model", "epochs", "test accuracy", "best", "state"];
  return [...formatTable([headings, ...rows], "llllrrrl"), "test accuracy: after the last epoch; best: chosen on the test images"];
}
