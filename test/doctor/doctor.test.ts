import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { datasetNames } from "../../dist/config/names.js";
import { webgpuInstallCommand } from "../../dist/engine/tfjs/packages.js";
import { run, temporaryFolder } from "../cli/program.js";

/** An environment without engines installed in this machine's cache and without a GPU. */
const bare = () => ({ MNIST_TUI_CACHE: temporaryFolder(), MNIST_TUI_NVML: "", MNIST_TUI_LIBCUDA: "", MNIST_TUI_DATA: "" });

test("doctor reports for every engine whether it is usable, else the reason and a command that helps", async () => {
  const { code, stdout, stderr } = await run(["doctor", "--json", "--wait", "50"], { env: bare() });
  expect([code, stderr]).toEqual([0, ""]);
  const report = JSON.parse(stdout);
  expect(report.machine).toMatchObject({ node: process.versions.node, arch: process.arch });
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.gpus).toEqual({ gpus: [], problem: "No NVIDIA driver is installed." });
  const engines = new Map<string, Record<string, unknown>>(report.engines.map((engine: { name: string }) => [engine.name, engine]));
  expect([...engines.keys()]).toEqual(["cuda", "tensorflow", "webgpu", "native", "wasm", "reference"]);
  expect(engines.get("wasm")).toMatchObject({ usable: true, device: "CPU, WebAssembly relaxed SIMD" });
  expect(engines.get("reference")).toMatchObject({ usable: true, auto: false });
  for (const { usable, reason, help, name } of engines.values()) {
    if (usable) continue;
    expect(reason, name as string).toMatch(/^[A-Z].*\.$/s);
    if (name !== "cuda") expect(help, name as string).toMatch(/npm|pip/);
  }
  expect([...engines.values()].filter(({ auto }) => auto)).toHaveLength(1);
  expect(report.datasets.map(({ name }: { name: string }) => name)).toEqual(datasetNames);
  expect(report.terminal).toMatchObject({ problem: "standard output is not a terminal" });
});

test("the packages of webgpu are optional peers of the very versions that doctor's command adds, and npm ci adds none", () => {
  const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, "../..", file), "utf8"));
  const { peerDependencies, peerDependenciesMeta } = read("package.json");
  const added = webgpuInstallCommand()
    .split(" ")
    .filter((word) => /@\d/.test(word));
  expect(added.sort()).toEqual(Object.entries(peerDependencies).map(([name, version]) => `${name}@${version}`));
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(Object.keys(peerDependencies).map((name) => [name, { optional: true }])));
  const { packages } = read("package-lock.json");
  for (const name of ["webgpu", "@tensorflow/tfjs-backend-webgpu"]) expect(packages).not.toHaveProperty([`node_modules/${name}`]);
});

test("doctor's text names engines, datasets and the terminal, without escape codes", async () => {
  const { code, stdout } = await run(["doctor"], { env: bare() });
  expect(code).toBe(0);
  for (const word of ["processor", "GPU", "wasm", "tensorflow link", "npm install --prefix", "fashion-mnist", "TERM="])
    expect(stdout).toContain(word);
  expect(stdout).not.toContain("\u001b");
});

test("an engine whose probe hangs or crashes fails in its own line only", async () => {
  const cache = temporaryFolder();
  const fake = (name: string, main: string) => {
    const folder = join(cache, "tensorflow", "node_modules", ...name.split("/"));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "4.22.0", main: "index.js" }));
    writeFileSync(join(folder, "index.js"), main);
  };
  writeFileSync(
    join(mkdir(cache, "tensorflow"), "link.json"),
    JSON.stringify({ tensorflow: "/somewhere", version: "2.21.0", addon: "none" }),
  );
  const ask = async (wait: string) => {
    const { code, stdout } = await run(["doctor", "--json", "--wait", wait], { env: { ...bare(), MNIST_TUI_CACHE: cache } });
    expect(code).toBe(0);
    const { engines } = JSON.parse(stdout) as { engines: { name: string; usable: boolean; reason?: string }[] };
    expect(engines.find(({ name }) => name === "reference")).toMatchObject({ usable: true });
    return engines.find(({ name }) => name === "tensorflow")!;
  };
  fake("@tensorflow/tfjs-node", "for (;;) {}");
  expect(await ask("0.7")).toMatchObject({ usable: false, reason: expect.stringContaining("did not answer within") });
  fake("@tensorflow/tfjs-node", "process.kill(process.pid, 'SIGILL');");
  expect(await ask("50")).toMatchObject({ usable: false, reason: expect.stringContaining("AVX") });
  fake("@tensorflow/tfjs-node", "throw new Error('libtensorflow.so.2: cannot open shared object file');");
  expect(await ask("50")).toMatchObject({ usable: false, reason: expect.stringContaining("cannot open shared object file") });
});

test("an impossible time to wait is refused", async () => {
  const { code, stderr } = await run(["doctor", "--wait", "soon"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^mnist-tui: --wait expects a number of seconds from 0\.1 to 600, got "soon"\.\n$/);
});

test.skipIf(process.platform === "win32")(
  "tensorflow link needs a Python environment with TensorFlow, and unlink reports its result",
  async () => {
    const env = bare();
    const missing = await run(["tensorflow", "link", join(env.MNIST_TUI_CACHE, "none")], { env });
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringMatching(/^mnist-tui: Expected the folder of a Python environment.*\n$/),
    ]);
    const empty = await run(["tensorflow", "link", env.MNIST_TUI_CACHE], { env });
    expect([empty.code, empty.stderr]).toEqual([
      1,
      expect.stringMatching(/^mnist-tui: Expected a TensorFlow from pip in .*pip install.*\n$/),
    ]);
    const half = join(mkdir(env.MNIST_TUI_CACHE, "venv"), "lib", "python3.12", "site-packages", "tensorflow");
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, process.platform === "darwin" ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2"), "");
    const broken = await run(["tensorflow", "link", join(env.MNIST_TUI_CACHE, "venv")], { env });
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/^mnist-tui: The TensorFlow in .* lacks .*framework.*\n$/)]);
    expect(await run(["tensorflow", "unlink"], { env })).toMatchObject({ code: 0, stdout: "nothing is linked\n" });
  },
);

function mkdir(...path: string[]): string {
  const folder = join(...path);
  mkdirSync(folder, { recursive: true });
  return folder;
}
