import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
export const program = join(root, "bin/mnist-tui.js");
const pretrained = join(root, "checkpoints/pretrained");

/**
 * Gives tests a model that reads MNIST well: the one that comes with the program, else one trained here in half a minute.
 * @param dir an empty folder for the run
 * @returns the checkpoint's folder
 */
export function trainedModel(dir: string): string {
  if (existsSync(join(pretrained, "model.json"))) return pretrained;
  const settings = "--model simple --epochs 2 --batch-size 128 --schedule onecycle --lr 0.003 --augment rotate=10,scale=0.1,shift=1";
  const args = ["train", ...settings.split(" "), "--plain", "--run", "trained", "--checkpoint-dir", dir];
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8", env: { ...process.env, ...dataEnv() } });
  if (status !== 0) throw new Error(`training failed: ${stderr}`);
  return join(dir, "trained", "simple", "best");
}

function dataEnv(): Record<string, string> {
  const beside = join(root, "../shared/data");
  return !process.env.MNIST_TUI_DATA && existsSync(beside) ? { MNIST_TUI_DATA: beside } : {};
}
