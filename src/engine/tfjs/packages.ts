import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDirectory } from "../../util/cache-directory.js";

/** TF.js's version; its packages must all have the same. */
export const tfjsVersion = "4.22.0";
/** Dawn for Node. */
const dawnVersion = "0.6.2";

/** The folder of an engine's packages that are installed on request, outside of this program. */
export function engineFolder(engine: "tensorflow" | "webgpu"): string {
  return join(cacheDirectory(), engine);
}

/** @returns the command that installs the webgpu engine's packages into its folder */
export function webgpuInstallCommand(): string {
  const packages = [`webgpu@${dawnVersion}`, `@tensorflow/tfjs-core@${tfjsVersion}`, `@tensorflow/tfjs-backend-webgpu@${tfjsVersion}`];
  return `npm install --prefix ${quoted(engineFolder("webgpu"))} ${packages.join(" ")}`;
}

/** @returns a path as a shell takes it */
function quoted(path: string): string {
  return /^[\w./@:\\~+-]+$/.test(path) ? path : JSON.stringify(path);
}

/** @returns the folder of an installed package, whatever it exports */
export function packageFolder(name: string, require: NodeJS.Require): string | undefined {
  const paths = require.resolve.paths(name) ?? [];
  const manifest = paths.map((path) => join(path, name, "package.json")).find(existsSync);
  return manifest && dirname(manifest);
}
