import path from "node:path";
import envPaths from "env-paths";

/** @returns the folder for files that can be made anew (downloads, generated data, linked engines): MNIST_TUI_CACHE, else the platform's cache folder */
export function cacheDirectory(): string {
  return path.resolve(process.env.MNIST_TUI_CACHE || envPaths("mnist-tui", { suffix: "" }).cache);
}
