import { existsSync } from "node:fs";
import path from "node:path";

/** The folder with the real datasets. Where it is undefined, tests that need it are skipped. */
export const realData = [process.env.MNIST_TUI_DATA, "../shared/data"].find((folder) => folder && existsSync(path.join(folder, "mnist")));
export const names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] as const;
