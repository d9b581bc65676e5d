import type { ScheduleConfig } from "../config/types.js";

/** A schedule in the run that it belongs to. */
export interface RunSchedule {
  config: ScheduleConfig;
  /** The rate that the schedule scales: the highest of the run, except for gammas above 1. */
  learningRate: number;
  stepsPerEpoch: number;
  epochs: number;
}

/** PyTorch's defaults of OneCycleLR: how much of the run rises, and how far below the maximum it starts and ends. */
const oneCycle = { risingPart: 0.3, startDivisor: 25, endDivisor: 1e4 };

/**
 * The learning rate of one optimizer step, a pure function of its place in the run.
 * - constant: always the same.
 * - step: × gamma after every stepSize epochs (torch.optim.lr_scheduler.StepLR).
 * - cosine: half a cosine from the full rate down to 0 over the steps after the warm-up (CosineAnnealingLR stepped every batch).
 * - onecycle: OneCycleLR with its defaults: up from 1/25 in 30 % of the steps, then down to 1/250,000 (of the full rate),
 *   both along a cosine; momentum is not cycled.
 * - warmup: before all but onecycle, linear from 1/n to n/n of the rate over the first n steps (warmup epochs).
 * @param step steps taken before this one
 */
export function learningRateAt({ config, learningRate, stepsPerEpoch, epochs }: RunSchedule, step: number): number {
  const total = epochs * stepsPerEpoch;
  const warmupSteps = config.type === "onecycle" ? 0 : Math.round(config.warmup * stepsPerEpoch);
  const ramp = step < warmupSteps ? (step + 1) / warmupSteps : 1;
  switch (config.type) {
    case "constant":
      return learningRate * ramp;
    case "step":
      return learningRate * config.gamma ** Math.floor(step / (stepsPerEpoch * config.stepSize)) * ramp;
    case "cosine": {
      if (step < warmupSteps) return learningRate * ramp;
      return cosineBetween(learningRate, 0, (step - warmupSteps) / Math.max(1, total - warmupSteps));
    }
    case "onecycle": {
      const start = learningRate / oneCycle.startDivisor;
      const end = start / oneCycle.endDivisor;
      const top = Math.max(0, oneCycle.risingPart * total - 1);
      if (step <= top) return cosineBetween(start, learningRate, top === 0 ? 1 : step / top);
      return cosineBetween(learningRate, end, Math.min(1, (step - top) / Math.max(1, total - 1 - top)));
    }
  }
}

/** @returns [steps] the rates of consecutive steps, times the user's factor */
export function learningRates(run: RunSchedule, firstStep: number, steps: number, factor: number): Float32Array {
  return Float32Array.from({ length: steps }, (_, index) => learningRateAt(run, firstStep + index) * factor);
}

function cosineBetween(from: number, to: number, part: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * part));
}
