#!/usr/bin/env node
// No static imports: an old Node must get as far as the sentence below.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`mnist-tui needs Node 20.19 or newer, this is ${process.versions.node}; see https://nodejs.org.`);
  process.exit(1);
}
import("node:module")
  .then((module) => {
    // Node 22 and newer keep compiled code between starts.
    if (module.default.enableCompileCache) module.default.enableCompileCache();
    return import("../dist/cli/main.js");
  })
  .then((cli) => cli.main(process.argv.slice(2)))
  .catch((error) => {
    const unbuilt = error && error.code === "ERR_MODULE_NOT_FOUND" && /dist.cli.main\.js/.test(error.message);
    console.error(unbuilt ? "mnist-tui is not built yet; run npm ci or npm run build in its folder." : error);
    process.exit(1);
  });
