import { Command } from "commander";
import { listRuns } from "../run/directory.js";
import { describeRun, type RunOverview } from "../train/overview.js";
import { formatPercent } from "../ui/format.js";
import { checkpointDirOption } from "./options.js";
import { writeOutput } from "./output.js";
import { formatTable } from "./table.js";

/** `mnist-tui runs`: the runs in the checkpoint folder, newest first. */
export function runsCommand(): Command {
  return new Command("runs")
    .description("list the runs in the checkpoint folder, newest first")
    .addOption(checkpointDirOption())
    .option("--json", "one JSON object a run on standard output")
    .addHelpText("after", "\nExample:\n  mnist-tui runs --json\n")
    .action(async ({ checkpointDir, json }: { checkpointDir: string; json?: boolean }) => {
      const runs = await Promise.all((await listRuns(checkpointDir)).map(describeRun));
      if (json) for (const run of runs) writeOutput(`${JSON.stringify(run)}\n`);
      else writeOutput(`${runs.length > 0 ? formatRuns(runs).join("\n") : `no runs in ${checkpointDir}`}\n`);
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
