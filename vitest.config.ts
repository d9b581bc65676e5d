import { defineConfig } from "vitest/config";

/** Tests exercise the built program in dist/, the same files that users run. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
