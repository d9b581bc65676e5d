import { settings } from "../config/settings.js";

/** @returns the command line that trains a run further */
export function resumeCommand(run: string, checkpointDir: string): string {
  const place = checkpointDir === settings.checkpointDir.default ? "" : ` --checkpoint-dir ${checkpointDir}`;
  return `mnist-tui train --resume ${run}${place}`;
}
