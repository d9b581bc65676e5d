import type { RunEvent } from "../../dist/run/events.js";

/**
 * What a trainer of `simple` would say.
 * @param error of the training images after one step, a fraction; falls as 1 / step
 */
export function eventsOfSimple({
  time,
  stepsPerEpoch,
  device,
  error,
}: {
  time: number;
  stepsPerEpoch: number;
  device: string;
  error: number;
}) {
  const base = { run: "r", model: "simple", time };
  const begin: RunEvent = {
    ...base,
    type: "start",
    preset: "simple",
    parameters: 206_922,
    engine: "wasm",
    device,
    threads: 1,
    dataset: "mnist",
    trainSamples: 60_000,
    testSamples: 10_000,
    epochs: 2,
    batchSize: 512,
    stepsPerEpoch,
    optimizer: "adam",
    learningRate: 0.001,
    classNames: [..."0123456789"],
    pid: 1,
    step: 0,
  };
  const step = (at: number): RunEvent => ({
    ...base,
    type: "step",
    epoch: at / stepsPerEpoch,
    step: at,
    loss: 2 / at,
    accuracy: 1 - error / at,
    learningRate: 0.001,
    imagesPerSecond: 20_000,
    batchesPerSecond: 39,
  });
  return { base, begin, step };
}
