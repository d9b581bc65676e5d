import { Command } from "commander";
import { type DatasetName, datasetNames } from "../config/names.js";
import { catalog } from "../data/catalog.js";
import { type DatasetReport, inspectDataset, loadDataset } from "../data/datasets.js";
import { formatCount } from "../ui/format.js";
import { cacheDirectory } from "../util/cache-directory.js";
import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { createDataProgress } from "./data-progress.js";
import { writeNotice, writeOutput, writeText } from "./output.js";
import { watchSignals } from "./signals.js";

interface DataOptions {
  dataDir?: string;
  json?: boolean;
}

/** `mnist-tui data [DATASET]`: download, generate or verify one dataset; without a name, list all. */
export function dataCommand(): Command {
  return new Command("data")
    .description("download, verify or generate a dataset; without a name, list all")
    .argument("[dataset]", datasetNames.join(", "))
    .option("--data-dir <dir>", "where to look before downloading: DIR/mnist, torchvision's DIR/MNIST/raw, DIR itself (MNIST_TUI_DATA)")
    .option("--json", "one JSON object a dataset on stdout")
    .addHelpText(
      "after",
      "\nDownloads go through the proxies of HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, except to the hosts of NO_PROXY.\n" +
        "\nExample:\n  mnist-tui data fashion-mnist\n",
    )
    .action(async (name: string | undefined, options: DataOptions) => {
      if (name === undefined) await list(options);
      else await obtain(datasetNamed(name), options);
    });
}

function datasetNamed(name: string): DatasetName {
  const known = datasetNames.find((candidate) => candidate === name);
  if (!known) {
    const hint = didYouMean(name, datasetNames);
    throw new UserError(`Expected a dataset (${datasetNames.join(", ")}), got ${JSON.stringify(name)}; name one of them${hint}.`, 2);
  }
  return known;
}

async function list(options: DataOptions): Promise<void> {
  const reports = [];
  for (const name of datasetNames) reports.push(await inspectDataset(name, options));
  if (options.json) for (const report of reports) printJson(report);
  else {
    for (const report of reports) writeText(`${report.dataset.padEnd(15)}${summary(report)}\n`);
    writeText(`\ncache: ${cacheDirectory()}\n`);
  }
  const damaged = reports.filter(({ location, verified }) => location && !verified);
  if (damaged.length > 0) throw new UserError(damaged.map(problems).join(" "));
}

async function obtain(name: DatasetName, options: DataOptions): Promise<void> {
  const progress = createDataProgress(process.stderr);
  await untilSignal(async (signal) => {
    try {
      await loadDataset(name, {
        dataDir: options.dataDir,
        explicit: true,
        store: "required",
        signal,
        onProgress: (step) => progress.update(step),
        onNotice(message) {
          progress.end();
          writeNotice(message);
        },
      });
    } finally {
      progress.end();
    }
  });
  const report = await inspectDataset(name, options);
  if (!report.verified)
    throw new UserError(`Expected a cache folder that can be written, got ${cacheDirectory()}; set MNIST_TUI_CACHE to another folder.`);
  if (options.json) printJson(report);
  else writeText(`${name}: ${summary(report)}\n`);
}

/** Aborts the work at a signal, so that no partial file is left, then exits the process with the signal's code. */
async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const watch = watchSignals(() => abort.abort());
  try {
    await work(abort.signal);
  } catch (error) {
    if (watch.exitCode === undefined) throw error;
    process.exit(watch.exitCode);
  } finally {
    watch.end();
  }
}

function summary(report: DatasetReport): string {
  const { location, verified, dataset } = report;
  if (!location) {
    const verb = catalog[dataset].mirrors.length > 0 ? "download" : "generate";
    return `not on this machine; mnist-tui data ${dataset} will ${verb} it`;
  }
  const { trainLabels, testLabels } = catalog[dataset].files;
  const counts = `${formatCount(trainLabels.dimensions[0])} + ${formatCount(testLabels.dimensions[0])} images`;
  return verified ? `verified, ${counts}, in ${location.directory}` : `not as expected, in ${location.directory}`;
}

function problems({ checks, location, dataset }: DatasetReport): string {
  const wrong = checks.filter(({ problem }) => problem).map(({ path, problem }) => `${path}: ${problem}`);
  const remedy =
    location?.kind === "cache"
      ? `mnist-tui data ${dataset} downloads or generates the original files`
      : "put the original files there, or leave that folder out";
  return `${wrong.join("; ")}; ${remedy}.`;
}

function printJson({ dataset, location, checks, verified }: DatasetReport): void {
  const files = checks.map(({ file, path, digest, problem }) => ({ file: file.name, path, expected: file.sha256, found: digest, problem }));
  writeOutput(`${JSON.stringify({ dataset, verified, directory: location?.directory, source: location?.kind, files })}\n`);
}
