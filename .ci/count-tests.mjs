/**
 * Reads vitest's JSON report and prints "PASSED FAILED", then a line for each failed test. A test file that could not be loaded counts as one failure.
 * The names of skipped tests go to standard error.
 */
import { readFileSync } from "node:fs";

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], "utf8"));
} catch {
  console.log("0 0");
  console.error("there is no test report");
  process.exit();
}
let passed = 0;
const failures = [];
const skipped = new Map();
for (const file of report.testResults) {
  const failedHere = file.assertionResults.filter(({ status }) => status === "failed");
  for (const { fullName, failureMessages } of failedHere) failures.push(`${fullName}: ${firstLine(failureMessages?.[0])}`);
  for (const { ancestorTitles, title, status } of file.assertionResults) {
    if (!["pending", "skipped", "todo"].includes(status)) continue;
    const suite = ancestorTitles[0] ?? title;
    skipped.set(suite, (skipped.get(suite) ?? 0) + 1);
  }
  passed += file.assertionResults.filter(({ status }) => status === "passed").length;
  if (file.status === "failed" && failedHere.length === 0) failures.push(`${file.name}: ${firstLine(file.message)}`);
}
for (const [suite, count] of skipped) console.error(`skipped: ${count} of ${suite}`);
console.log(`${passed} ${failures.length}`);
for (const failure of failures) console.log(failure);

function firstLine(message) {
  return (message ?? "").split("\n")[0];
}
