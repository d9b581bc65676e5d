import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, in the order in which they begin: the two workers then end at the same time. Others find answered what native's
 * suite asks the reference engine.
 */
const longest = [
  "engine/native",
  "engine/tfjs-engine",
  "engine/tfjs",
  "cli/resume",
  "predict/predict",
  "predict/kinds",
  "engine/cuda/emulated",
  "cli/usage",
  "engine/wasm",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place < 0 ? longest.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Tests exercise the built program in dist/, the same files that users run. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/engine/support/answers.ts",
    // For a test that hangs; how long the others take is the machine's affair.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    env: {
      // No GPU but where a test asks for one: what `auto` takes is the same on every machine.
      MNIST_TUI_LIBCUDA: "",
      // No proxy before the tests' own servers.
      NO_PROXY: "127.0.0.1",
      no_proxy: "127.0.0.1",
      // Texts and screens are compared sign by sign.
      LC_ALL: "",
      LC_CTYPE: "",
      LANG: "C.UTF-8",
    },
    // Node itself loads them, as it does for users: not through vitest's own module runner.
    server: { deps: { external: [/\/dist\//] } },
  },
});
