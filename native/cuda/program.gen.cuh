// The structs that the host writes and CUDA's kernels read.
// Made by npm run build:program of src/engine/cuda/schema.ts: change that, not this.
#pragma once
#include <stdint.h>

// Pixels of an input image.
constexpr int32_t imagePixels = 784;

// Pixels of a row of the input image; no layer widens it.
constexpr int32_t imageWidth = 28;

// Logits of an image.
constexpr int32_t classes = 10;

// Of a step: learning rate, and Adam's two bias corrections 1 − β₁ᵗ and √(1 − β₂ᵗ).
constexpr int32_t rateFloats = 3;

// Of an image's augmentation: the matrix [a b c; d e f] from output pixels to source pixels.
constexpr int32_t affineFloats = 6;

// Added to a variance before its root.
constexpr float batchNormEpsilon = 0.00001f;

// The batch's share in running statistics.
constexpr float batchNormMomentum = 0.1f;

// The stream of dropout's random numbers (src/util/random.ts).
constexpr uint32_t streamDropout = 4u;

// Floats of an image's logits in memory: classes filled up to whole quads.
constexpr int32_t logitFloats = 12;

// Threads of the block that makes the loss of a step.
constexpr int32_t lossThreads = 512;

// Threads of a block that adds up columns.
constexpr int32_t columnThreads = 256;

// Quads of channels that one such block takes at the most; blocks along y take the others.
constexpr uint32_t blockQuads = 64u;

// Threads of a block of the update, each with a quad of parameters.
constexpr int32_t updateThreads = 128;

// Constants of the optimizers' formulas (src/model/optimizers.ts).
constexpr double adamBeta1 = 0.9;
constexpr double adamBeta2 = 0.999;
constexpr double adamEpsilon = 1e-8;
constexpr double rmspropAlpha = 0.99;
constexpr double rmspropEpsilon = 1e-8;

// The meanings of a word.
using Flag = int32_t;  // 0 or 1

// Rows of one batch norm's table; a row has one number for each channel. With x̂ = (x − mean) · inverse, y = weight · x̂ + bias = scale · x + shift.
enum TableRow : int32_t {
  tableScale,
  tableShift,
  tableMean,
  tableInverse,  // 1 / √(variance + ε)
  tableMeanDy,   // backward: the batch's mean of dy
  tableMeanDyX,  // backward: the batch's mean of dy · x̂
};
constexpr int32_t tableCount = 6;

// The optimizers of src/model/optimizers.ts, after PyTorch's of the same names.
enum Optimizer : int32_t {
  optimizerAdam,
  optimizerSgd,
  optimizerRmsprop,
};
constexpr int32_t optimizerCount = 3;

// A division by a number that the host knows: for 0 ≤ n < 2³¹, n / divisor = ⌊n · magic / 2³²⌋ / 2^shift. A magic of 0 means divisor 1.
struct Divisor {
  uint32_t divisor, magic, shift;
};

// All that changes between steps and chunks, in device memory: so every step has the same launches, recorded as a graph. The host writes it before a
// chunk; the last kernel of a step advances it.
struct Run {
  const uint8_t* images;    // [n, 28, 28]
  const uint8_t* labels;    // [n]
  const float* pixels;      // [n, 28, 28] in [0, 1], in place of images where not null
  const uint32_t* indices;  // [steps, N]; null: images from `first` on
  const float* affine;      // [steps, N, 6]; null: none
  const float* rates;       // [steps, 3]: learning rate, 1 − β₁ᵗ, √(1 − β₂ᵗ)
  float* loss;              // [steps]; inference: [n]
  uint32_t* correct;        // [steps]; inference: [n] predictions
  float* outputs;           // inference: [n, 10] probabilities where there are labels, else logits
  uint32_t position;        // of the step in the chunk
  uint32_t step;            // optimizer steps taken before
  uint32_t seed;
  uint32_t first;           // inference: number of the batch's first image
};

// The gradient of parameters that lie beside each other in the arenas.
struct Segment {
  const float* gradient;  // [parts, count], to be summed
  uint32_t first, count;  // in the arenas, in floats; multiples of 4
  uint32_t parts;
};

// A block of the update: a segment, and the range of its floats that the block updates, all of one parameter.
struct UpdateBlock {
  uint32_t segment, from, end;
};

// The layout of an image's pixels for the first layer.
struct Patches {
  int32_t inputs;                      // K²
  int32_t stride, padding, outputPixels;
  Divisor kernel, outputWidth, quads;  // K, Q, C4 / 4
};

// The geometry of a convolution, in the letters of common.cuh.
struct Conv {
  int32_t inputs, outputs;            // C4, O4
  int32_t height, width;              // H, W
  int32_t kernel, stride, padding;
  Divisor outputHeight, outputWidth;  // P, Q
  Divisor partHeight, partWidth;      // ⌈H / S⌉, ⌈W / S⌉
  Divisor inputQuads, outputQuads;    // C4 / 4, O4 / 4
};

// An activation's windows are pixels, or those of a 2×2 max pool: forward ⌊H/2⌋×⌊W/2⌋, backward ⌈H/2⌉×⌈W/2⌉, so that pixels dropped by the pool get
// zero gradients.
struct Activation {
  int32_t height, width;                    // of in
  int32_t images;
  Flag isRelu;
  int32_t dropout;                          // ordinal of the dropout layer; −1: none
  uint32_t dropoutThreshold;                // ⌈rate · 2²⁴⌉
  float dropoutScale;
  uint32_t dropoutChannels, dropoutPixels;  // of the [C, H, W] in whose order its random numbers are counted
  Divisor dropoutMemory;                    // the C4 of that shape
  Divisor quads, windowsDown, windowsAcross;
};

// The geometry of a pool.
struct Pool {
  Divisor quads;                // C4 / 4
  Divisor height, width;        // of the input: H, W
  Divisor outHeight, outWidth;  // P, Q
};
