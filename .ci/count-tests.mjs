/** Reads vitest's JSON report and prints "PASSED FAILED"; names what was skipped and what failed. A file that could not even be loaded is one failure. */
import { readFileSync } from "node:fs";

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], "utf8"));
} catch {
  console.log("0 0");
  console.error("there is no test report");
  process.exit();
}
let [passed, failed] = [0, 0];
for (const file of report.testResults) {
  const failedHere = file.assertionResults.filter(({ status }) => status === "failed");
  for (const { fullName } of failedHere) console.error(`failed: ${fullName}`);
  for (const { fullName, status } of file.assertionResults)
    if (["pending", "skipped", "todo"].includes(status)) console.error(`skipped: ${fullName}`);
  passed += file.assertionResults.filter(({ status }) => status === "passed").length;
  failed += failedHere.length;
  if (file.status === "failed" && failedHere.length === 0) {
    failed++;
    console.error(`failed: ${file.name}: ${file.message}`);
  }
}
console.log(`${passed} ${failed}`);
