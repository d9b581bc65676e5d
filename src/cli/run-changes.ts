import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { checkName } from "../config/folder-names.js";
import { openRun, type RunPaths, removeRun, renameRun } from "../run/directory.js";
import { lockHolder, lockRun } from "../train/run-lock.js";
import { UserError } from "../util/errors.js";
import { checkpointDirOption } from "./options.js";
import { writeText } from "./output.js";

/** `mnist-tui runs rm RUN…`: asks before anything is lost. */
export function removeCommand(): Command {
  return new Command("rm")
    .description("remove runs with their checkpoints and logs; asks first")
    .argument("<run...>", "names of the runs")
    .addOption(checkpointDirOption())
    .option("-y, --yes", "remove without asking, as in scripts")
    .addHelpText("after", "\nExample:\n  mnist-tui runs rm 2026-11-21_14-05-09 wide\n")
    .action(async (names: string[], { yes }: { yes?: boolean }, command: Command) => {
      const { checkpointDir } = command.optsWithGlobals<{ checkpointDir: string }>();
      const runs: RunPaths[] = [];
      for (const name of new Set(names)) runs.push(await idleRun(checkpointDir, name));
      if (!yes && !(await confirmed(runs))) {
        writeText("nothing was removed\n");
        process.exitCode = 1;
        return;
      }
      for (const run of runs) {
        // Until its folder is set aside, no training may begin in it.
        const unlock = lockRun(run.dir);
        await removeRun(checkpointDir, run).finally(() => unlock());
        writeText(`removed ${run.name}\n`);
      }
    });
}

/** `mnist-tui runs rename RUN NEW` */
export function renameCommand(): Command {
  return new Command("rename")
    .description("give a run another name")
    .argument("<run>", "name of the run")
    .argument("<new>", "its new name")
    .addOption(checkpointDirOption())
    .addHelpText("after", "\nExample:\n  mnist-tui runs rename 2026-11-21_14-05-09 wide\n")
    .action(async (name: string, wanted: string, _, command: Command) => {
      const { checkpointDir } = command.optsWithGlobals<{ checkpointDir: string }>();
      checkName(wanted, "run");
      const run = await idleRun(checkpointDir, name);
      const unlock = lockRun(run.dir);
      try {
        const renamed = await renameRun(checkpointDir, run, wanted);
        unlock(renamed.dir);
        writeText(`renamed ${name} to ${renamed.name}\n`);
      } finally {
        unlock();
      }
    });
}

/** @throws UserError where there is no such run, or it is being trained */
async function idleRun(checkpointDir: string, name: string): Promise<RunPaths> {
  const run = await openRun(checkpointDir, name);
  const trainer = lockHolder(run.dir);
  if (trainer === undefined) return run;
  throw new UserError(`The run ${name} is being trained by process ${trainer}; stop it first, and wait until it has ended.`);
}

/** @throws UserError (exit code 2) where there is no terminal to ask on */
async function confirmed(runs: readonly RunPaths[]): Promise<boolean> {
  const names = runs.map(({ name, record }) => `${name} (${record.config.models.map((model) => model.name).join(", ")})`).join(", ");
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UserError(`runs rm asks before it removes ${names}, but there is no terminal to ask on; add --yes.`, 2);
  // The terminal keeps its own line editing: Ctrl-C stays a signal, and Ctrl-D, the end of the input, is no yes.
  const question = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => question.once("close", () => resolve("")));
  const answer = await Promise.race([question.question(`Remove ${names} with all checkpoints? [y/N] `), ended]);
  question.close();
  return /^y(es)?$/i.test(answer.trim());
}
