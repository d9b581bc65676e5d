import { defineConfig } from "vitest/config";

/** Tests exercise the built program in dist/, the same files that users run. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    // Node itself loads them, as it does for users: not through vitest's own module runner.
    server: { deps: { external: [/\/dist\//] } },
  },
});
