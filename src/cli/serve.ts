import { basename, dirname, join } from "node:path";
import { Command, Option } from "commander";
import { defaultCheckpointDir, defaultHttpPort } from "../config/defaults.js";
import { checkText, engines } from "../config/settings.js";
import type { EngineChoice } from "../config/types.js";
import { findModels, type ModelSource, sourcesOf } from "../predict/models.js";
import { newestRun, openRun, type RunPaths } from "../run/directory.js";
import { followEvents } from "../run/follow.js";
import { RunStore } from "../run/state/store.js";
import { isLoopback } from "../serve/guard.js";
import { defaultMaxBytes, type RunningServer, startServer } from "../serve/server.js";
import { lockHolder } from "../train/run-lock.js";
import { exists } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { writeOutput } from "./output.js";
import { watchSignals } from "./signals.js";

interface ServeOptions {
  port: string;
  host: string;
  allowHost: string[];
  maxBytes: string;
  checkpoint?: string;
  checkpointDir: string;
  engine: EngineChoice;
  threads: string;
  json?: boolean;
}

/** `mnist-tui serve`: predictions and live runs over HTTP. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("HTTP server: POST /predict, a page with a canvas and the run's curves, health, metrics")
    .option("--port <n>", "0 takes any free one", String(defaultHttpPort))
    .option("--host <address>", "where to listen; anything but this machine is open to whoever reaches it", "127.0.0.1")
    .option("--allow-host <name...>", "further names that requests may call the server by, as behind a proxy", [])
    .option("--max-bytes <n>", "largest picture", String(defaultMaxBytes))
    .option("--checkpoint <dir>", "a checkpoint's, model's or run's folder (default: the newest run's best, else the pretrained one)")
    .option("--checkpoint-dir <dir>", "where runs are stored", defaultCheckpointDir)
    .addOption(new Option("--engine <name>", "what does the arithmetic").choices(engines).default("auto"))
    .option("--threads <n>", "of each model", "1")
    .option("--json", "one JSON object a line on standard output: where it listens, and notices")
    .addHelpText("after", "\nExamples:\n  mnist-tui serve\n  curl -F image=@digit.png http://127.0.0.1:5000/predict\n")
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const notice = (level: "info" | "warning", message: string) => {
    if (options.json) writeOutput(`${JSON.stringify({ type: "log", level, message, time: Date.now() })}\n`);
    else process.stderr.write(`${message}\n`);
  };
  const port = wholeNumber("--port", options.port, 0, 65_535);
  const maxBytes = wholeNumber("--max-bytes", options.maxBytes, 1, 2 ** 30);
  const threads = checkText("threads", options.threads, "--threads") ?? 1;
  const signals = watchSignals((time) => {
    if (time === "again") process.exit(signals.exitCode);
  });
  const { models, run } = await chooseModels(options);
  const { host, allowHost: allowHosts, engine } = options;
  const store = new RunStore();
  const server = await startServer({ host, port, allowHosts, maxBytes, engine, threads, models, store, onNotice: notice });
  if (!isLoopback(host))
    notice("warning", `Listening on ${host}: whoever reaches this machine can use the server; it asks for no password.`);
  writeOutput(
    options.json
      ? `${JSON.stringify({ type: "listening", url: server.url, models: models.map(({ name }) => name) })}\n`
      : welcome(server, models),
  );
  const following = new AbortController();
  const watched = run ? Promise.all(run.record.config.models.map((model) => follow(run, model.name, store, following.signal))) : undefined;
  await signals.received;
  following.abort();
  await server.close();
  await watched;
  signals.end();
  process.exitCode = signals.exitCode;
}

async function follow(run: RunPaths, model: string, store: RunStore, signal: AbortSignal): Promise<void> {
  for await (const event of followEvents(run.model(model).events, signal)) store.apply(event);
}

/** A run that is being trained comes first, with all its models: their checkpoints come with their first epochs. */
async function chooseModels({ checkpoint, checkpointDir }: ServeOptions): Promise<{ models: ModelSource[]; run?: RunPaths }> {
  const run = checkpoint === undefined ? await newestRun(checkpointDir) : await runAt(checkpoint);
  if (run && lockHolder(run.dir) !== undefined) return { models: sourcesOf(run), run };
  const models = await findModels({ checkpoint, checkpointDir });
  const [{ run: name }] = models;
  const its = name === undefined ? undefined : run?.name === name ? run : await openRun(checkpointDir, name).catch(() => undefined);
  return { models, run: its };
}

async function runAt(path: string): Promise<RunPaths | undefined> {
  return (await exists(join(path, "run.json"))) ? openRun(dirname(path), basename(path)) : undefined;
}

function welcome({ url }: RunningServer, models: readonly ModelSource[]): string {
  return `${models.map(({ origin }) => `model: ${origin}\n`).join("")}Listening on ${url}; Ctrl-C ends.\n`;
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(`${flag} expects a whole number from ${least} to ${most}, got ${JSON.stringify(text)}.`, 2);
}
