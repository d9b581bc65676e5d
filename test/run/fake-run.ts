import type { RunEvent, Sample } from "../../dist/run/events.js";
import { randomKey, randomNormal, randomUniform, streams } from "../../dist/util/random.js";

/** Believable events without a trainer: deterministic, any number of models, steps and epochs. */
export interface FakeRun {
  models: string[];
  epochs: number;
  stepsPerEpoch: number;
  /** Steps in one step event. */
  chunk: number;
  dataset?: string;
  gpus?: number;
}

export const fakeStart = Date.UTC(2026, 0, 2, 12, 0, 0);

const parameters: Record<string, number> = {
  simple: 206_922,
  deep: 870_826,
  residual: 77_754,
  vgg: 467_818,
  compact: 24_552,
  pyramid: 422_026,
};
const fashion = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/** All events of all models in order of time. */
export function* fakeRun(options: FakeRun): Generator<RunEvent> {
  const streamsOfModels = options.models.map((model, index) => fakeModel(options, model, index));
  const next = streamsOfModels.map((events) => events.next());
  for (;;) {
    let first = -1;
    next.forEach((entry, index) => {
      if (!entry.done && (first < 0 || entry.value.time < next[first].value!.time)) first = index;
    });
    if (first < 0) return;
    yield next[first].value as RunEvent;
    next[first] = streamsOfModels[first].next();
  }
}

function* fakeModel(options: FakeRun, model: string, ordinal: number): Generator<RunEvent> {
  const key = randomKey(17 + ordinal, streams.samples, 0);
  let drawn = 0;
  const noise = () => randomNormal(key, drawn++);
  const preset = model.replace(/-\d+$/, "");
  const imagesPerSecond = [14_200, 3_900, 1_150, 2_400][ordinal % 4];
  const batchSize = 512;
  const msPerStep = (batchSize / imagesPerSecond) * 1000;
  let time = fakeStart + ordinal * 40;
  const base = () => ({ run: "2026-01-02T12-00-00", model, time: Math.round(time) });
  const total = options.epochs * options.stepsPerEpoch;
  yield {
    ...base(),
    type: "start",
    preset,
    parameters: parameters[preset] ?? 100_000,
    engine: "native",
    device: "CPU, AVX-512, 1 thread",
    threads: 1,
    dataset: options.dataset ?? "mnist",
    trainSamples: options.stepsPerEpoch * batchSize,
    testSamples: 10_000,
    epochs: options.epochs,
    batchSize,
    stepsPerEpoch: options.stepsPerEpoch,
    optimizer: "adam",
    learningRate: 0.001,
    classNames: options.dataset === "fashion-mnist" ? fashion : Array.from({ length: 10 }, (_, digit) => String(digit)),
    pid: 1000 + ordinal,
    refused: [{ name: "cuda", reason: "no NVIDIA driver was found (libcuda.so.1)" }],
    step: 0,
  };
  yield fakeLayers(base(), 0, 0, ordinal);
  yield { ...base(), type: "log", level: "info", message: `${parameters[preset] ?? 100_000} parameters, adam, learning rate 0.001` };
  const floor = 0.03 + 0.012 * ordinal;
  let best = 0;
  let lastDevice = time;
  for (let step = options.chunk; step <= total; step += options.chunk) {
    time += msPerStep * options.chunk;
    const epoch = step / options.stepsPerEpoch;
    const progress = (step / options.stepsPerEpoch) * 117;
    const loss = Math.max(
      0.001,
      floor + 2.27 * Math.exp(-progress / (18 + 9 * ordinal)) + 0.25 * Math.exp(-progress / 160) + 0.02 * noise(),
    );
    yield {
      ...base(),
      type: "step",
      epoch,
      step,
      loss,
      accuracy: Math.min(1, Math.max(0.05, 1 - loss * 0.31 + 0.003 * noise())),
      learningRate: 0.001,
      imagesPerSecond: imagesPerSecond * (1 + 0.02 * noise()),
      batchesPerSecond: imagesPerSecond / batchSize,
      seconds: (msPerStep * step) / 1000,
    };
    if (time - lastDevice >= 1000) {
      lastDevice = time;
      yield {
        ...base(),
        type: "device",
        hostBytes: (180 + 90 * ordinal + 5 * Math.sin(time / 4000)) * 2 ** 20,
        cpuPercent: 96 + 3 * noise(),
        machine: { memoryUsed: (5.2 + 0.1 * Math.sin(time / 9000)) * 2 ** 30, memoryTotal: 16 * 2 ** 30 },
        gpus: fakeGpus(options.gpus ?? 0, time),
        ...(options.gpus ? { deviceBytes: 900 * 2 ** 20 } : {}),
      };
    }
    if (Math.floor(epoch + 1e-9) > Math.floor((step - options.chunk) / options.stepsPerEpoch + 1e-9)) {
      time += 300;
      const testAccuracy = 1 - (0.009 + 0.002 * ordinal) - 0.045 * Math.exp(-epoch / 1.4) + 0.0006 * noise();
      const testLoss = 3.1 * (1 - testAccuracy);
      const isBest = testAccuracy > best;
      best = Math.max(best, testAccuracy);
      yield {
        ...base(),
        type: "eval",
        epoch,
        step,
        testLoss,
        testAccuracy,
        confusion: fakeConfusion(1 - testAccuracy, ordinal),
        wrong: fakeWrong(1 - testAccuracy, ordinal),
        seconds: 0.3,
      };
      yield {
        ...base(),
        type: "samples",
        epoch,
        step,
        samples: Array.from({ length: 10 }, (_, digit) => fakeSample(digit, digit === 8 && epoch < 2 ? 3 : digit)),
      };
      yield {
        ...base(),
        type: "mistakes",
        epoch,
        step,
        worst: Array.from({ length: 12 }, (_, index) => fakeSample(index % 10, (index * 7 + 3) % 10, 0.99 - 0.03 * index, 100 + index)),
        uncertain: Array.from({ length: 12 }, (_, index) =>
          fakeSample((index * 3) % 10, (index * 3 + (index % 2) * 5) % 10, 0.4 + 0.01 * index, 200 + index),
        ),
      };
      yield fakeLayers(base(), epoch, step, ordinal);
      yield {
        ...base(),
        type: "epoch",
        epoch,
        step,
        loss,
        accuracy: 1 - loss * 0.31,
        testLoss,
        testAccuracy,
        learningRate: 0.001,
        imagesPerSecond,
        seconds: (msPerStep * options.stepsPerEpoch) / 1000,
        best: isBest,
      };
      yield { ...base(), type: "checkpoint", kind: isBest ? "best" : "last", epoch, step, path: `checkpoints/run/${model}/best` };
    }
  }
  yield {
    ...base(),
    type: "done",
    reason: "completed",
    epoch: options.epochs,
    step: total,
    testAccuracy: best,
    bestTestAccuracy: best,
    bestEpoch: options.epochs,
    seconds: (msPerStep * total) / 1000,
  };
}

function fakeGpus(count: number, time: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: "NVIDIA Example 80GB",
    memoryUsed: (12 + index + Math.sin(time / 3000)) * 2 ** 30,
    memoryTotal: 80 * 2 ** 30,
    utilization: 70 + 20 * Math.sin(time / 2000 + index),
    temperature: 55 + index,
    power: 310 + 20 * Math.sin(time / 2500),
  }));
}

/** A confusion matrix with 1,000 images for each class; the errors are between digits that models confuse. */
export function fakeConfusion(errorRate: number, ordinal: number): number[][] {
  const favourite = [6, 7, 7, 5, 9, 3, 0, 2, 3, 4];
  return Array.from({ length: 10 }, (_, label) => {
    const row = new Array<number>(10).fill(0);
    let errors = Math.round(1000 * errorRate * (0.6 + ((label * 7 + ordinal) % 5) * 0.2));
    row[label] = 1000 - errors;
    const most = Math.ceil(errors * 0.6);
    row[favourite[label]] += most;
    errors -= most;
    for (let other = 0; errors > 0; other = (other + 1) % 10) {
      if (other === label) continue;
      row[other]++;
      errors--;
    }
    return row;
  });
}

/** 10,000 test images, some of them hard: of the errors, four in five are every model's. @returns them as the event `eval` tells them */
function fakeWrong(errorRate: number, ordinal: number): string {
  const bits = Buffer.alloc(1250);
  const errors = Math.round(10_000 * errorRate);
  const common = Math.round(0.8 * errors);
  for (let error = 0; error < errors; error++) {
    const index = ((error < common ? error : 2000 * (ordinal + 1) + error) * 7919) % 10_000;
    bits[index >> 3] |= 1 << (index & 7);
  }
  return bits.toString("base64");
}

function fakeLayers(base: { run: string; model: string; time: number }, epoch: number, step: number, ordinal: number): RunEvent {
  const layers = [
    {
      name: "conv1",
      description: "conv 3×3, 16",
      output: [16, 28, 28],
      parameters: 160,
      weightNorm: 2.3 + epoch * 0.2,
      gradientNorm: 0.4 / (1 + epoch),
    },
    { name: "relu", description: "relu", output: [16, 28, 28], parameters: 0 },
    { name: "maxPool", description: "max pool 2×2", output: [16, 14, 14], parameters: 0 },
    {
      name: "conv2",
      description: "conv 3×3, 32",
      output: [32, 14, 14],
      parameters: 4640,
      weightNorm: 5.1 + epoch * 0.3,
      gradientNorm: 1.2 / (1 + epoch),
    },
    { name: "relu", description: "relu", output: [32, 14, 14], parameters: 0 },
    { name: "maxPool", description: "max pool 2×2", output: [32, 7, 7], parameters: 0 },
    { name: "flatten", description: "flatten", output: [1568, 1, 1], parameters: 0 },
    {
      name: "fc1",
      description: "dense 128",
      output: [128, 1, 1],
      parameters: 200_832,
      weightNorm: 6.5 + epoch * 0.25,
      gradientNorm: 2 / (1 + epoch),
    },
    { name: "relu", description: "relu", output: [128, 1, 1], parameters: 0 },
    {
      name: "fc2",
      description: "dense 10",
      output: [10, 1, 1],
      parameters: 1290,
      weightNorm: 1.9 + epoch * 0.1,
      gradientNorm: 0.3 / (1 + epoch),
    },
  ];
  const key = randomKey(5 + ordinal, streams.initialize, 0);
  const values = Array.from({ length: 16 * 9 }, (_, index) => randomNormal(key, index) * 0.3);
  return { ...base, type: "layers", epoch, step, layers, filters: { count: 16, size: 3, values } };
}

function fakeSample(label: number, prediction: number, confidence = 0.97, index = label): Sample {
  const rest = (1 - confidence) / 9;
  const probabilities = Array.from({ length: 10 }, (_, digit) => (digit === prediction ? confidence : rest));
  return { index, label, prediction, probabilities, pixels: Buffer.from(drawDigit(label, index)).toString("base64") };
}

/** Strokes of seven-segment digits with round ends: readable, and enough for a picture. @returns uint8 [784] */
export function drawDigit(digit: number, variation: number): Uint8Array {
  const key = randomKey(variation, streams.synthetic, digit);
  const slant = (randomUniform(key, 0) - 0.5) * 0.4;
  const segments: Record<string, [number, number, number, number]> = {
    a: [9, 5, 18, 5],
    b: [18, 5, 18, 13.5],
    c: [18, 13.5, 18, 22],
    d: [9, 22, 18, 22],
    e: [9, 13.5, 9, 22],
    f: [9, 5, 9, 13.5],
    g: [9, 13.5, 18, 13.5],
  };
  const lit = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abfgcd"][digit];
  const pixels = new Uint8Array(784);
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      let nearest = Number.POSITIVE_INFINITY;
      for (const name of lit) {
        const [x1, y1, x2, y2] = segments[name];
        const px = x + slant * (y - 14);
        const along = Math.min(1, Math.max(0, ((px - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)));
        nearest = Math.min(nearest, Math.hypot(px - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)));
      }
      pixels[y * 28 + x] = Math.round(255 * Math.min(1, Math.max(0, 2.1 - nearest)));
    }
  }
  return pixels;
}
