// The program that src/engine/cpu/program.ts compiles from a model: 32-bit words in the arena, read through these structs.
// Every offset counts floats from the arena's start unless it says otherwise. Field order is the contract with
// src/engine/cpu/program.ts and its *instructions.ts; bump programVersion in both when anything that they share changes.
#pragma once
#include <stdint.h>

constexpr int32_t programVersion = 10;

// Activations are channels-last in blocks of 16 channels, [block][row][column][16], so that the distance of two
// neighbouring pixels is a compile-time constant in every kernel.
constexpr int blockChannels = 16;

// Pixels of a row: of the input image, and no layer widens it (src/model/shapes.ts).
constexpr int imageWidth = 28;

enum Scope : int32_t {
  scopeBatch = 0,  // one slot for every image of the batch
  scopeTask = 1,   // one slot for every image of the running task, in the thread's own memory
  scopeGroup = 2,  // one slot for every image of the running group, in the thread's own memory
};

// Where an activation lies; offset points at the pixel (0, 0) inside the border.
struct View {
  int32_t scope, offset;
  int32_t image, block, row, pixel;  // strides in floats
};

struct Op {
  int32_t kind, words;  // words: length of this op, header included
  int32_t id;           // its row in the profile
  int32_t gate;         // or noGate. Of the images' ops: the gate that every task passes behind it. Of the update's: the one that all must have passed
};

// In place of a gate: none, or that the op is no task of its own but ends the task of the op before.
constexpr int32_t noGate = -1, sameTask = -2;

enum Kind : int32_t {
  opGather = 1,
  opDot = 2,
  opOuter = 3,
  opActivate = 4,
  opActivateBackReduce = 5,
  opActivateBackApply = 6,
  opStatistics = 7,
  opAveragePool = 8,
  opAveragePoolBack = 9,
  opLoss = 10,
  opColumnSum = 11,
  opNormalizeFinish = 12,
  opNormalizeBackFinish = 13,
  opNormalizeInference = 14,
  opLossFinish = 15,
  opUpdateLanes = 16,
  opUpdateDense = 17,
  opProbabilities = 18,
  opWinograd = 19,
  opWinogradOuter = 20,
  opWinogradWeights = 21,
  opTranspose = 22,
};

// Pixels of the batch's images → normalized floats.
struct GatherOp {
  Op op;
  View out;
  int32_t height, width;
};

// A tap's input pixel, as an offset in floats, and the row of a tile's weights that it begins with.
struct Tap {
  int32_t x, w;
};

// `vectors` neighbouring output vectors whose weights lie together as [tap][input channel][vectors × V].
struct Tile {
  int32_t vectors, first, weights;
};

// out[pixel][o] = Σ over taps and input channels of in[pixel + tap][i] · w[tap][i][o], then bias, relu. Convolutions
// forward, their input gradients (flipped, transposed weights) and dense layers (a pixel is an image) are all this.
struct DotOp {
  Op op;
  View in, out;
  int32_t height, width;
  int32_t rowStep, pixelStep;  // input floats from one output row or pixel to the next: the stride is in here
  int32_t imagesArePixels;     // dense: the group's images are the pixels of one row
  int32_t blocks, lastBlock;   // input blocks, and the channels of the last one
  int32_t blockSize;           // channels of the others: 16, 1 for the input image, or all of them in a dense layer
  int32_t bias, relu, accumulate;
  int32_t taps, tiles;         // then Tap[taps], Tile[tiles]
};

// gradient[tap][i][o] += Σ over images and pixels of in[pixel + tap][i] · out[pixel][o], into the task's lane.
struct OuterOp {
  Op op;
  View in, out;
  int32_t height, width;
  int32_t rowStep, pixelStep;
  int32_t blocks, lastBlock, blockSize;
  int32_t gradient;            // lane 0
  int32_t taps, tiles;         // then Tap[taps], Tile[tiles]; Tile.weights counts from the lane's gradient
};

// What a Winograd op reads windows of: pixels outside of the image and its border count as 0.
struct WinogradSource {
  View view;
  int32_t height, width, border;
  int32_t origin;              // row and column of the first window
  int32_t blocks, lastBlock;   // as in DotOp
};

// A DotOp with 3×3 taps and stride 1, in tiles of tileSide² outputs; Tile.weights: [(tileSide + 2)²][input channel][vectors × V].
struct WinogradOp {
  Op op;
  int32_t tileSide;            // 3, 4, 5 or 7
  WinogradSource in;
  View out;
  int32_t height, width;       // of the output
  int32_t bias, relu, accumulate;
  int32_t scratch, chunk;      // in the thread's memory, for `chunk` tiles at a time
  int32_t tiles;               // then Tile[tiles]
};

// An OuterOp with 3×3 taps and stride 1.
struct WinogradOuterOp {
  Op op;
  int32_t tileSide;
  WinogradSource in, out;
  int32_t height, width;       // of the convolution's output
  int32_t gradient;            // lane 0
  int32_t sums;                // in the thread's memory, from the task's first group to its last: [tile][position][input channel][vectors × V]
  int32_t scratch, chunk;
  int32_t tiles;               // then Tile[tiles]; Tile.weights counts from the lane's gradient
};

// The transformed weights of some of one tile's [input channel][vectors × V], which has `size` floats: `columns` floats of `rows` rows.
struct WinogradWeightsOp {
  Op op;
  int32_t tileSide;
  int32_t from, to;            // [9][size] and [(tileSide + 2)²][size]
  int32_t size, width;         // width: of a row
  int32_t row, rows, column, columns;
  int32_t flip;                // for input gradients
};

// Tables of one batch norm, [each channels padded to whole blocks]: scale, shift, mean, inverse deviation, and for the backward
// pass the means of dy and of dy·x̂.
enum NormalizeTable : int32_t { tableScale, tableShift, tableMean, tableInverse, tableMeanDy, tableMeanDyX, tableCount };

// out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part optional.
struct Activation {
  View in, skip, out;
  View result;                 // backward, where hasResult: the output, whose sign tells where relu let through
  int32_t height, width;       // of in
  int32_t blocks, channels;
  int32_t normalize, skipNormalize;  // tables, or −1
  int32_t hasSkip, hasResult, relu, pool;
  int32_t dropoutIndex;        // or −1
  uint32_t dropoutThreshold;   // kept where (bits >> 8) >= threshold
  float dropoutScale;
};

struct ActivateOp {
  Op op;
  Activation a;
};

// Both backward passes recompute what the forward pass did, element by element.
struct ActivateBackOp {
  Op op;
  Activation a;                // a.out: gradient of the output
  View dIn, dSkip;
  int32_t hasDIn, accumulateDIn, hasDSkip, accumulateDSkip;
  int32_t sums;                // reduce: doubles of lane 0, [3][padded channels]: dy, dy·x̂, dy·x̂ of the skip
};

struct StatisticsOp {
  Op op;
  View in;
  int32_t height, width, blocks;
  int32_t sums;                // doubles of lane 0, [2][padded channels]: x, x²
};

struct AveragePoolOp {
  Op op;
  View in, out;                // out: [blocks × 16] an image
  int32_t height, width, blocks;
};

struct LossOp {
  Op op;
  View logits, dLogits;
};

// Gradient of a bias: the sum over images and pixels, into the task's lane.
struct ColumnSumOp {
  Op op;
  View in;
  int32_t height, width, blocks;
  int32_t gradient;
};

// Runs once between two phases: sums of all lanes → tables, running statistics.
struct NormalizeFinishOp {
  Op op;
  int32_t tables, sums, channels, pixels;
  int32_t weight, bias, runningMean, runningVariance;
};

struct NormalizeBackFinishOp {
  Op op;
  int32_t tables, sums, which, channels, pixels;  // which: row of dy·x̂ in sums (1, or 2 for a skip)
  int32_t weightGradient, biasGradient;           // lane 0; other lanes are not used
};

struct NormalizeInferenceOp {
  Op op;
  int32_t tables, channels;
  int32_t weight, bias, runningMean, runningVariance;
};

// A copy of a convolution's or dense layer's weights for the input gradient: [tile][tap][output][vectors × V].
struct Transpose {
  int32_t weights;             // or −1: not needed
  int32_t taps, inputs, outputs;
  int32_t tiles;               // where Tile[] of the inputs lies, in floats from the arena's start
};

// One task of the update phase: parameters [from, from + count) of one array, in the order of the forward weights, and as many more after every
// `step` floats, `pieces` times in all. opTranspose, which makes the transposed copy alone, has the same words.
struct UpdateLanesOp {
  Op op;
  int32_t weights, gradient, lanes;  // lanes: 0: all of the step's lanes, 1: only the first
  int32_t slots[2];
  int32_t from, count, pieces, step;
  int32_t tileFirst, tileVectors, tileWeights;  // the forward tile this range lies in, for the transpose
  Transpose transpose;
};

// As above, for rows [from, from + count) of one tile of a dense layer; its gradient is computed here, over the batch.
struct UpdateDenseOp {
  Op op;
  View in, out;                // batch scope: the layer's input and the gradient of its output
  int32_t weights;
  int32_t slots[2];
  int32_t from, count;         // inputs
  int32_t tileFirst, tileVectors, tileWeights;
  int32_t scratch;             // group scope, [count][vectors × V]
  Transpose transpose;
};

struct Stage {
  int32_t group;               // images at a time
  int32_t ops, words;          // then the ops
};

struct Phase {
  int32_t words;               // of the phase with all that follows
  int32_t perImage;            // 1: tasks are runs of images and every stage runs; 0: tasks are the ops of the one stage, some of several ops (sameTask)
  int32_t tasks;               // perImage 0
  int32_t early;               // 1: a task may begin while other phases run, once its op's gate has been passed
  int32_t stages, finishOps;   // then Stage…, then the ops that the last thread runs alone
};

enum Optimizer : int32_t { optimizerAdam, optimizerSgd, optimizerRmsprop };

// What changes from call to call; written by TypeScript before run().
struct Program {
  int32_t threads;
  int32_t code, phases;        // word offsets from the arena's start
  int32_t steps, batch, taskImages;
  int32_t threadMemory, threadStride;
  // control words, one cache line each
  int32_t barrier;             // word offset of [arrived, generation], then task counters [phase][thread], then gates; 16 words apart
  int32_t gates;               // how many
  // data
  int32_t images, labels;      // bytes, uint8; images < 0: floats at floatImages instead
  int32_t floatImages;
  int32_t indices;             // uint32 [steps × batch], or −1: image i is number i
  int32_t affine;              // [steps × batch × 6], or −1
  float mean, inverseDeviation;
  // results
  int32_t loss, correct;       // training: [steps]; inference: [count]
  int32_t probabilities;       // inference: [count × 16] logits; training: unused
  int32_t laneLoss;            // doubles [lanes × 2]
  // randomness
  int32_t seed, firstStep;
  // optimizer
  int32_t optimizer;
  float momentum, weightDecay;
  int32_t rates;               // [steps × 3]: learning rate, and Adam's two bias corrections
  int32_t laneStride;          // floats from a lane's gradients to the next lane's
  int32_t sumStride;           // doubles from a lane's sums to the next lane's
  // measurement
  int32_t profile;             // doubles [threads × ops]: seconds spent in each op, added to; or −1
  int32_t ops;
  int32_t norms;               // doubles [ops]: squared norm of the gradient that each op of the update saw last
};
