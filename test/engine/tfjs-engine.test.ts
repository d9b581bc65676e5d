import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe } from "vitest";
import { tfjsEngine } from "../../dist/engine/tfjs/engine.js";
import { paritySuite } from "./parity.js";
import { leakSuite } from "./support/leaks.js";

const engine = tfjsEngine({
  name: "tensorflow",
  unavailable: async () => undefined,
  open: async () => {
    tf.env().set("IS_NODE", false);
    await tf.setBackend("cpu");
    await tf.ready();
    return { tf, device: "CPU, TF.js in JavaScript", notices: [], readback: "sync", memory: "host", poolTies: "first" };
  },
});

describe("the adapter over TF.js, on its backend in JavaScript", () => {
  leakSuite(engine);
  paritySuite(engine, "small");
});
