import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode, fileErrorReason } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";

/**
 * One process at a time trains a run. The lock file names the process; when that process has ended, the lock is void, even if a
 * later process has the same number.
 */
interface Holder {
  pid: number;
  host: string;
  /** When the process started, in the kernel's ticks: tells it from a later one of the same number. Linux only. */
  started?: string;
}

const lockName = "lock.json";

/** @returns release(), which takes the run's folder where it has moved meanwhile @throws UserError where another process trains the run */
export function lockRun(runDir: string): (movedTo?: string) => void {
  const file = join(runDir, lockName);
  const own: Holder = { pid: process.pid, host: hostname(), started: startTicks(process.pid) };
  for (let attempt = 1; ; attempt++) {
    try {
      const descriptor = openSync(file, "wx");
      writeSync(descriptor, `${JSON.stringify(own)}\n`);
      closeSync(descriptor);
      return (movedTo = runDir) => rmSync(join(movedTo, lockName), { force: true });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") {
        throw new UserError(`Cannot write ${file}: ${fileErrorReason(error) ?? String(error)}; make the run's folder writable.`);
      }
      const holder = lockHolder(runDir);
      if (holder !== undefined || attempt === 3) {
        throw new UserError(`Process ${holder ?? "?"} is training this run already; stop it first, or remove ${file} if that is not so.`);
      }
      rmSync(file, { force: true });
    }
  }
}

/** @returns the process that trains the run now, or undefined where none does */
export function lockHolder(runDir: string): number | undefined {
  let holder: Holder;
  try {
    holder = JSON.parse(readFileSync(join(runDir, lockName), "utf8"));
  } catch {
    return undefined;
  }
  // A folder shared between machines: this machine cannot see the other machine's processes.
  if (holder.host !== hostname()) return holder.pid;
  if (!isAlive(holder.pid)) return undefined;
  const started = startTicks(holder.pid);
  return holder.started === undefined || started === undefined || holder.started === started ? holder.pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Field 22 of /proc/PID/stat; the process's name before it may hold spaces and parentheses. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
