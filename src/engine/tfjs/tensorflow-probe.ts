import { loadTensorflow } from "./tensorflow-load.js";

/** The work of a child process: loads the package named by the argument, adds two numbers on its device and prints its facts. */
const { tf, facts } = await loadTensorflow(process.argv[2]);
const [sum] = tf.tidy(() => tf.add(tf.tensor1d([1]), tf.tensor1d([2]))).dataSync();
if (sum !== 3) throw new Error(`TensorFlow says that 1 + 2 is ${sum}.`);
process.stdout.write(`\n${JSON.stringify(facts)}\n`);
