import { defineConfig } from "vitest/config";

/** Tests exercise the built program in dist/, the same files that users run. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/engine/support/answers.ts",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    // No GPU but where a test asks for one: what `auto` takes is the same on every machine.
    env: { MNIST_TUI_LIBCUDA: "" },
    // Node itself loads them, as it does for users: not through vitest's own module runner.
    server: { deps: { external: [/\/dist\//] } },
  },
});
