/** Reads vitest's JSON report. Fails unless the suites of the engines that run everywhere, and of cuda on its emulated driver, passed tests and skipped none. */
import { readFileSync } from "node:fs";

const suites = ["engine native", "engine wasm", "engine reference", "the adapter over TF.js", "engine cuda, emulated"];

const tests = JSON.parse(readFileSync(process.argv[2], "utf8")).testResults.flatMap(({ assertionResults }) => assertionResults);
for (const suite of suites) {
  const own = tests.filter(({ fullName }) => fullName.startsWith(suite));
  const passed = own.filter(({ status }) => status === "passed").length;
  const absent = own.filter(({ fullName }) => fullName.includes("which cannot run here")).length;
  console.log(`${suite}: ${passed} passed`);
  if (passed === 0 || absent > 0) {
    console.error(`the tests of ${suite} were skipped`);
    process.exitCode = 1;
  }
}
