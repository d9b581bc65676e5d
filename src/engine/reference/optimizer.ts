import { momentumSlot, type OptimizerSettings, optimizers } from "../../model/optimizers.js";
import type { Floats } from "./floats.js";

/**
 * Moves one parameter (w) along its gradient, as torch.optim does; the L2 weight decay joins the gradient first. Updates w and the
 * slots in place; slots start at 0.
 * @param step 1 for the first step: Adam's bias correction
 */
export function update(
  w: Floats,
  gradient: Floats,
  slots: Map<string, Floats>,
  settings: OptimizerSettings,
  learningRate: number,
  step: number,
): void {
  const { momentum, weightDecay } = settings;
  const slot = (name: string) => slots.get(name)!;
  const buffer = slots.get(momentumSlot);
  const { beta1, beta2 } = optimizers.adam.constants;
  const { alpha } = optimizers.rmsprop.constants;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let k = 0; k < w.length; k++) {
    const g = gradient[k] + weightDecay * w[k];
    let direction = g;
    switch (settings.type) {
      case "adam": {
        const m = slot("exp_avg");
        const v = slot("exp_avg_sq");
        m[k] = beta1 * m[k] + (1 - beta1) * g;
        v[k] = beta2 * v[k] + (1 - beta2) * g * g;
        w[k] -= ((learningRate / correction1) * m[k]) / (Math.sqrt(v[k]) / Math.sqrt(correction2) + optimizers.adam.constants.epsilon);
        continue;
      }
      case "sgd":
        break;
      case "rmsprop": {
        const v = slot("square_avg");
        v[k] = alpha * v[k] + (1 - alpha) * g * g;
        direction = g / (Math.sqrt(v[k]) + optimizers.rmsprop.constants.epsilon);
        break;
      }
      default:
        settings.type satisfies never;
    }
    if (buffer) {
      buffer[k] = momentum * buffer[k] + direction;
      direction = buffer[k];
    }
    w[k] -= learningRate * direction;
  }
}
