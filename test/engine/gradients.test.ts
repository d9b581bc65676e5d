import { describe, expect, it } from "vitest";
import { gatherImages } from "../../dist/engine/reference/image.js";
import { crossEntropyBackward } from "../../dist/engine/reference/loss.js";
import { Network } from "../../dist/engine/reference/network.js";
import { initialTensors } from "../../dist/model/initialize.js";
import { crossEntropySum } from "../../dist/model/logits.js";
import type { Model } from "../../dist/model/model.js";
import { buildModel } from "../../dist/model/presets.js";
import { randomKey, randomUniform, streams } from "../../dist/util/random.js";
import { normalization, testSplit } from "./support/images.js";
import { tinyModels } from "./support/models.js";

const batch = 3;
const split = testSplit(batch, 5);
const mode = { type: "train", seed: 9, step: 4 } as const;

/**
 * @returns the network in double precision, in which the difference quotient is exact enough to check the gradients: with a step of 1e-6 its
 * rounding is below 1e-9, while gradients are 1e-4 to 1. A relu or a maximum that changed sides within the step would make a larger difference;
 * for the fixed seeds here none does.
 */
function differentiable(model: Model) {
  const network = new Network(model, Float64Array);
  for (const [name, { data }] of initialTensors(model, 3)) {
    const key = randomKey(8, streams.samples, data.length);
    // Moves batch norm's parameters away from their initial 1 and 0, so that each of them matters.
    network.parameters.get(name)!.set(data.map((value, i) => value + 0.1 * (randomUniform(key, i) - 0.5)));
  }
  const x = new Float64Array(batch * 784);
  gatherImages(split.images, Uint32Array.from([0, 1, 2]), undefined, normalization, x);
  const logits = () => network.forward(x, batch, mode);
  return { network, logits, loss: () => crossEntropySum(logits(), split.labels) / batch };
}

describe("gradients of the reference engine are the differences of its loss", () => {
  const small = { kernels: [3, 4, 5, 6], dropout: 0.2 };
  it.each([...tinyModels, buildModel("residual", small), buildModel("deep", small)])("$preset", (model) => {
    const { network, logits, loss } = differentiable(model);
    const dlogits = new Float64Array(batch * 10);
    crossEntropyBackward(logits(), split.labels, dlogits);
    network.backward(dlogits);
    for (const [name, gradient] of network.gradients) {
      const parameter = network.parameters.get(name)!;
      const key = randomKey(2, streams.samples, gradient.length);
      for (let k = 0; k < 4; k++) {
        const i = Math.floor(randomUniform(key, k) * gradient.length);
        const value = parameter[i];
        const h = 1e-6;
        parameter[i] = value + h;
        const above = loss();
        parameter[i] = value - h;
        const below = loss();
        parameter[i] = value;
        const difference = (above - below) / (2 * h);
        expect(Math.abs(gradient[i] - difference), `${name}[${i}]: ${gradient[i]}, difference ${difference}`).toBeLessThan(
          1e-8 + 1e-5 * Math.abs(difference),
        );
      }
    }
  });
});
