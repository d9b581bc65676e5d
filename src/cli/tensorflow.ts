import { Command } from "commander";
import { linkTensorflow, unlinkTensorflow } from "../engine/tfjs/link.js";
import { writeNotice, writeOutput, writeText } from "./output.js";

/** `mnist-tui tensorflow link DIR` and `unlink`: the TensorFlow that the engine of that name uses. */
export function tensorflowCommand(): Command {
  const command = new Command("tensorflow").description("use a TensorFlow that Python's pip installed, with CUDA or without");
  command
    .command("link")
    .description("compile TF.js's binding against a TensorFlow from pip; needs Linux or macOS and a C++ compiler")
    .argument("<dir>", "a virtual environment, its site-packages, or the tensorflow folder in it")
    .option("--json", "one JSON object on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  python3 -m venv ~/tensorflow && ~/tensorflow/bin/pip install 'tensorflow[and-cuda]'\n  mnist-tui tensorflow link ~/tensorflow\n",
    )
    .action(link);
  command
    .command("unlink")
    .description("remove what link has installed; TensorFlow itself stays")
    .addHelpText("after", "\nExample:\n  mnist-tui tensorflow unlink\n")
    .action(async () => {
      const folder = await unlinkTensorflow();
      writeOutput(folder ? `removed ${folder}\n` : "nothing is linked\n");
    });
  return command.addHelpText("after", "\nExample:\n  mnist-tui tensorflow link ~/tensorflow\n");
}

async function link(directory: string, { json }: { json?: boolean }): Promise<void> {
  const result = await linkTensorflow(directory, (stage) => {
    writeNotice(`${stage}…`);
  });
  if (json) {
    writeOutput(`${JSON.stringify(result)}\n`);
    return;
  }
  const device = result.gpu ? "computes on the GPU" : "computes on the CPU (it found no GPU that it can use)";
  writeText(`TensorFlow ${result.version} is linked and ${device}; choose it with --engine tensorflow.\n`);
}
