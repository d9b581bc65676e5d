import { Command } from "commander";
import { defaultHttpPort } from "../config/settings.js";
import { modelLines } from "../predict/description.js";
import { findModels, type ModelChoice, pretrainedOf, runsOf } from "../predict/models.js";
import { namedRun } from "../predict/named-models.js";
import { type ModelSource, sourcesOf } from "../predict/sources.js";
import { openRun, type RunPaths } from "../run/directory.js";
import { followEvents } from "../run/follow.js";
import { RunStore } from "../run/state/store.js";
import { isLoopback, originOf } from "../serve/guard.js";
import { defaultMaxBytes, type RunningServer, startServer } from "../serve/server.js";
import { lockHolder } from "../train/run-lock.js";
import { UserError } from "../util/errors.js";
import { addModelOptions, type ModelFlags, numberOption, threadsOption } from "./options.js";
import { writeNotice, writeOutput } from "./output.js";
import { watchSignals } from "./signals.js";
import { tunnelHint } from "./ssh-tunnel.js";

interface ServeOptions extends ModelFlags {
  port: number;
  host: string;
  allowHost: string[];
  allowOrigin: string[];
  maxBytes: number;
  threads: number;
  json?: boolean;
}

/** `mnist-tui serve`: predictions and live runs over HTTP. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .description("HTTP server: POST /predict, a page with a canvas and the run's curves, health, metrics")
    .addOption(numberOption("--port <n>", "port to listen on; 0 takes any free one", { least: 0, most: 65_535 }).default(defaultHttpPort))
    .option("--host <address>", "address to listen on; any but this machine's own is open to every machine that reaches it", "127.0.0.1")
    .option("--allow-host <name...>", "further names that requests may call the server by, as behind a proxy", [])
    .option("--allow-origin <url...>", "other sites whose pages may use the server, such as https://digits.example", [])
    .addOption(numberOption("--max-bytes <n>", "largest picture, in bytes", { least: 1, most: 2 ** 30 }).default(defaultMaxBytes));
  return addModelOptions(command)
    .addOption(threadsOption("worker threads of each model").default(1))
    .option("--json", "one JSON object a line on standard output: where it listens, and notices")
    .addHelpText("after", "\nExamples:\n  mnist-tui serve\n  curl -F image=@digit.png http://127.0.0.1:5000/predict\n")
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const notice = (level: "info" | "warning", message: string) => {
    if (options.json) writeOutput(`${JSON.stringify({ type: "log", level, message, time: Date.now() })}\n`);
    else writeNotice(message);
  };
  const signals = watchSignals((time) => {
    if (time === "later") process.exit(signals.exitCode);
  });
  const { models, run } = await chooseModels(options);
  const allowOrigins = options.allowOrigin.map(siteOrigin);
  const { host, port, allowHost: allowHosts, maxBytes, engine, threads } = options;
  const store = new RunStore();
  const server = await startServer({ host, port, allowHosts, allowOrigins, maxBytes, engine, threads, models, store, onNotice: notice });
  if (!isLoopback(host))
    notice("warning", `Listening on ${host}: every machine that reaches this one can use the server; it asks for no password.`);
  writeOutput(
    options.json
      ? `${JSON.stringify({ type: "listening", url: server.url, models: models.map(({ name }) => name) })}\n`
      : await welcome(server, models),
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

/**
 * A run that is being trained is served with all its models, whose checkpoints come with their first epochs, and beside them the
 * pretrained one, which answers until a better one is there.
 * @returns the models, and the run whose curves the page shows
 */
async function chooseModels(choice: ModelChoice): Promise<{ models: ModelSource[]; run?: RunPaths }> {
  const runs = choice.checkpoint === undefined ? await runsOf(choice) : [await namedRun(choice.checkpoint, choice.checkpointDir)];
  const training = runs.find((run) => run && lockHolder(run.dir) !== undefined);
  if (training) {
    const beside = choice.checkpoint === undefined ? await pretrainedOf(choice) : [];
    return { models: [...sourcesOf(training), ...beside], run: training };
  }
  const models = await findModels(choice);
  const [{ run: name }] = models;
  const its = name === undefined ? undefined : await openRun(choice.checkpointDir, name).catch(() => undefined);
  return { models, run: runs.find((run) => run?.name === name) ?? its ?? runs[0] };
}

async function welcome({ url }: RunningServer, models: readonly ModelSource[]): Promise<string> {
  const choose = models.length > 1 ? "The best one answers; /predict?model=NAME asks another.\n" : "";
  const tunnel = tunnelHint(url, process.env);
  return `${(await modelLines(models)).join("\n")}\n${choose}Listening on ${url}; Ctrl-C ends.\n${tunnel === undefined ? "" : `${tunnel}\n`}`;
}

function siteOrigin(text: string): string {
  const origin = originOf(text);
  if (origin !== undefined) return origin;
  throw new UserError(`--allow-origin expects the address of a site such as https://digits.example, got ${JSON.stringify(text)}.`, 2);
}
