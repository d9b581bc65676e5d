// The CPU engine's program as it lies in the arena: 32-bit words, read through these structs.
// Made by npm run build:program of src/engine/cpu/program/schema.ts: change that, not this.
#pragma once
#include <stdint.h>

// Hash of the schema: TypeScript refuses kernels that were built for another one.
constexpr int32_t programVersion = 665210545;

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

// Channels of a block. Feature maps are [block][row][column][16]: the distance of neighbouring pixels is a compile-time constant.
constexpr int32_t blockChannels = 16;

// Vectors of the widest tile that the kernels have.
constexpr int32_t mostTileVectors = 4;

// Of a lane: its images' cross-entropies, and how many of them were classified correctly.
constexpr int32_t laneLossDoubles = 2;

// Words from one counter that threads share to the next: a cache line.
constexpr int32_t counterWords = 16;

// Words of the barrier: arrived threads and generation, a cache line each.
constexpr int32_t barrierWords = 32;

// In place of a gate: the op has none.
constexpr int32_t noGate = -1;

// In place of a gate: the op is no task of its own, but ends the task of the op before.
constexpr int32_t sameTask = -2;

// Constants of the optimizers' formulas (src/model/optimizers.ts).
constexpr double adamBeta1 = 0.9;
constexpr double adamBeta2 = 0.999;
constexpr double adamEpsilon = 1e-8;
constexpr double rmspropAlpha = 0.99;
constexpr double rmspropEpsilon = 1e-8;

// The meanings of a word.
using Count = int32_t;           // a number of things
using Index = int32_t;           // one of several things, counted from 0
using OptionalIndex = int32_t;   // the same, or −1: none
using Floats = int32_t;          // a distance or a size in floats
using Flag = int32_t;            // 0 or 1
using Offset = int32_t;          // a place in the arena, in floats from its start
using OptionalOffset = int32_t;  // the same, or −1: there is none
using ThreadOffset = int32_t;    // a place in the thread's own memory, in floats from its start

// The memory of a feature map, and for how many images.
enum Scope : int32_t {
  scopeBatch,  // the arena, every image of the batch
  scopeTask,   // the thread's memory, every image of the running task
  scopeGroup,  // the thread's memory, every image of the running group
};
constexpr int32_t scopeCount = 3;

// The kinds of ops.
enum Kind : int32_t {
  opGather = 1,             // the batch's pixels, augmented and normalized
  opDot,                    // products with weights
  opOuter,                  // weight gradients
  opActivate,               // element by element: batch norm, residual sum, relu, pool, dropout
  opActivateBackReduce,     // its backward sums for batch norm
  opActivateBackApply,      // its gradients
  opStatistics,             // batch norm's sums
  opGlobalAveragePool,      // global average pooling
  opGlobalAveragePoolBack,  // its gradient
  opLoss,                   // softmax cross-entropy and its gradient
  opColumnSum,              // bias gradients
  opNormalizeFinish,        // batch norm's tables, training
  opNormalizeBackFinish,    // batch norm's gradients
  opNormalizeInference,     // batch norm's tables, inference
  opLossFinish,             // the loss of a step
  opUpdateLanes,            // the optimizer's step, gradients summed over lanes
  opUpdateDense,            // gradient and step of a dense layer's weights
  opProbabilities,          // the outputs of inference
  opWinograd,               // products with weights by Winograd's algorithm
  opWinogradOuter,          // weight gradients by Winograd's algorithm
  opWinogradWeights,        // Winograd's form of weights
  opTranspose,              // the transposed copy of weights
};
constexpr int32_t opCount = 22;

// Rows of one batch norm's table; a row has one number for each channel. With x̂ = (x − mean) · inverse, y = weight · x̂ + bias = scale · x + shift.
enum NormalizeTable : int32_t {
  tableScale,
  tableShift,
  tableMean,
  tableInverse,  // 1 / √(variance + ε)
  tableMeanDy,   // backward: the batch's mean of dy
  tableMeanDyX,  // backward: the batch's mean of dy · x̂
};
constexpr int32_t tableCount = 6;

// Rows of the sums that opActivateBackReduce makes.
enum SumsRow : int32_t {
  sumsDy,
  sumsDyX,        // of dy · x̂, for the input's batch norm
  sumsDyXOfSkip,  // and for the skip's
};
constexpr int32_t sumsCount = 3;

// The optimizers of src/model/optimizers.ts, after PyTorch's of the same names.
enum Optimizer : int32_t {
  optimizerAdam,
  optimizerSgd,
  optimizerRmsprop,
};
constexpr int32_t optimizerCount = 3;

// The header of every op.
struct Op {
  Kind kind;
  Count words;   // of this op, header included
  Index id;      // its row in the profile
  int32_t gate;  // or noGate, sameTask. Ops of images: the gate that every task passes behind it. Of the update: the one that all tasks must have passed
};

// The place of a feature map, and its strides.
struct View {
  Scope scope;
  Floats offset;                    // of the pixel (0, 0), inside the border, from the start of the scope's memory
  Floats image, block, row, pixel;  // strides: from one image, block of channels, row, pixel to the next
};

// One position of a convolution's kernel.
struct Tap {
  Floats x;  // from an output pixel's first input pixel to the tap's
  Index w;   // the row of a tile's weights with which the tap begins
};

// Neighbouring vectors of outputs whose weights lie together, as [tap][input channel][vectors × V].
struct Tile {
  Count vectors;
  Index first;     // the first of them among all vectors of outputs
  Floats weights;  // from the start of the layer's weights, or of their gradient
};

// A feature map that a Winograd op reads in windows. Pixels outside of the image and its border count as 0.
struct WinogradSource {
  View view;
  Count height, width, border;
  int32_t origin;           // row and column of the first window's first pixel
  Count blocks, lastBlock;  // as in DotOp
};

// out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part optional.
struct Activation {
  View in, skip, out;
  View result;                              // backward: the output, whose sign tells where relu let through
  Count height, width;                      // of in
  Count blocks, channels;
  OptionalOffset normalize, skipNormalize;  // batch norms' tables
  Flag hasSkip, hasResult, relu, pool;
  OptionalIndex dropoutIndex;               // the dropout layer's lane of random numbers
  uint32_t dropoutThreshold;                // an element is kept where (random bits >> 8) >= threshold
  float dropoutScale;
};

// A copy of a layer's weights for its input gradient: [tile][tap][output][vectors × V].
struct Transpose {
  Offset weights;
  Count taps, inputs, outputs;
  Offset tiles;  // Tile[] of the inputs
};

// The part of a parameter that one task of the update takes: floats [from, from + count), and as many after every `step` floats, `pieces` times in
// all.
struct WeightRange {
  Offset weights;
  Floats from, count;
  Count pieces;
  Floats step;
  Tile tile;  // of the weights, in which the range lies
  Transpose transpose;
  Flag hasTranspose;
};

// The pixels of the group's images.
struct GatherOp {
  Op op;
  View out;
  Count height, width;
};

// out[pixel][o] = Σ over taps, i of in[pixel + tap][i] · w[tap][i][o], bias, relu: convolutions, their input gradients (weights flipped), dense
// layers (a pixel is an image).
struct DotOp {
  Op op;
  View in, out;
  Count height, width;
  Floats rowStep, pixelStep;  // of the input, from one output row or pixel to the next: the stride is in here
  Flag imagesArePixels;       // dense: the group's images are the pixels of one row
  Count blocks, lastBlock;    // blocks of the input, and channels of the last one
  Count blockSize;            // channels of the others: 16, 1 of the input image, or all of a dense layer's
  Offset weights;
  OptionalOffset bias;
  Flag relu, accumulate;
  Count tapCount, tileCount;

  const Tap* taps() const { return reinterpret_cast<const Tap*>(this + 1); }
  const Tile* tiles() const { return reinterpret_cast<const Tile*>(taps() + tapCount); }
};

// gradient[tap][i][o] += Σ over images and pixels of in[pixel + tap][i] · out[pixel][o], into the task's lane.
struct OuterOp {
  Op op;
  View in, out;
  Count height, width;
  Floats rowStep, pixelStep;
  Count blocks, lastBlock, blockSize;  // as in DotOp
  Offset gradient;                     // lane 0's
  Count tapCount, tileCount;

  const Tap* taps() const { return reinterpret_cast<const Tap*>(this + 1); }
  const Tile* tiles() const { return reinterpret_cast<const Tile*>(taps() + tapCount); }
};

// A DotOp of 3×3 taps and stride 1, in windows of tileSide² outputs. A tile's weights are [(tileSide + 2)²][input channel][vectors × V].
struct WinogradOp {
  Op op;
  Count tileSide;        // 3, 4, 5 or 7
  WinogradSource in;
  View out;
  Count height, width;   // of the output
  Offset weights;
  OptionalOffset bias;
  Flag relu, accumulate;
  ThreadOffset scratch;  // of `chunk` transformed windows at a time
  Count chunk, tileCount;

  const Tile* tiles() const { return reinterpret_cast<const Tile*>(this + 1); }
};

// An OuterOp of 3×3 taps and stride 1.
struct WinogradOuterOp {
  Op op;
  Count tileSide;
  WinogradSource in, out;
  Count height, width;   // of the convolution's output
  Offset gradient;       // lane 0's
  ThreadOffset sums;     // from the task's first group to its last: [tile][position][input channel][vectors × V]
  ThreadOffset scratch;  // of `chunk` transformed windows at a time
  Count chunk, tileCount;

  const Tile* tiles() const { return reinterpret_cast<const Tile*>(this + 1); }
};

// The transformed weights of a part of one tile's [input channel][vectors × V]: `columns` floats of `rows` rows.
struct WinogradWeightsOp {
  Op op;
  Count tileSide;
  Offset from;         // [9][size]
  Offset to;           // [(tileSide + 2)²][size]
  Floats size, width;  // of the whole, and of one of its rows
  Index row;
  Count rows;
  Index column;
  Count columns;
  Flag flip;           // for input gradients
};

struct ActivateOp {
  Op op;
  Activation a;
};

// The way back through an activation, which computes the forward values a second time instead of reading them.
struct ActivateBackOp {
  Op op;
  Activation a;         // a.out: the gradient of the output
  View dIn, dSkip;
  Flag hasDIn, accumulateDIn, hasDSkip, accumulateDSkip;
  OptionalOffset sums;  // reduce: doubles of lane 0, [SumsRow][padded channels]
};

// Sums for the mean and the variance of every channel.
struct StatisticsOp {
  Op op;
  View in;
  Count height, width;
  Count blocks;  // of 16 channels each
  Offset sums;   // doubles of lane 0, [2][padded channels]: x, x²
};

// Pooling that no activation takes along. Backward, `in` is the gradient to write or to add to, and `out` that of the output.
struct PoolOp {
  Op op;
  View in, out;
  Count height, width;  // of in
  Count blocks;         // of 16 channels each
  Flag accumulate;
};

struct LossOp {
  Op op;
  View logits, dLogits;
};

struct ProbabilitiesOp {
  Op op;
  View logits;
};

// The gradient of a bias: the sum over images and pixels, into the task's lane.
struct ColumnSumOp {
  Op op;
  View in;
  Count height, width;
  Count blocks;     // of 16 channels each
  Offset gradient;  // lane 0's
};

// Between two phases: from the sums of all lanes to a table and running statistics.
struct NormalizeFinishOp {
  Op op;
  Offset tables, sums;
  Count channels, pixels;
  Offset weight, bias, runningMean, runningVariance;
};

// Between two phases: from the backward sums of all lanes to the table's means and the gradients of weight and bias.
struct NormalizeBackFinishOp {
  Op op;
  Offset tables, sums;
  SumsRow sumsOfX;                      // the row of dy · x̂ that belongs to this batch norm
  Count channels, pixels;
  Offset weightGradient, biasGradient;  // lane 0's; other lanes are not used
};

// The table out of the running statistics.
struct NormalizeInferenceOp {
  Op op;
  Offset tables;
  Count channels;
  Offset weight, bias, runningMean, runningVariance;
};

struct LossFinishOp {
  Op op;
};

// The optimizer's step for weights whose gradient lies in the lanes.
struct UpdateLanesOp {
  Op op;
  WeightRange range;
  OptionalOffset slots[2];  // the optimizer's, in the order of src/model/optimizers.ts
  Offset gradient;          // lane 0's, in the order of the weights
  Flag firstLaneOnly;       // else the gradient is the sum of all lanes of the step
};

// The optimizer's step for rows of one tile of a dense layer, whose gradient is computed here, over the batch.
struct UpdateDenseOp {
  Op op;
  WeightRange range;
  OptionalOffset slots[2];  // the optimizer's, in the order of src/model/optimizers.ts
  View in, out;             // batch scope: the layer's input, and the gradient of its output
  ThreadOffset scratch;     // for the gradient, as large as the range
};

// Makes the transposed copy of a range.
struct TransposeOp {
  Op op;
  WeightRange range;
};

// Ops that take the same number of images at a time. They stand behind it.
struct Stage {
  Count group;  // images at a time
  Count ops;
  Count words;  // with its ops
};

// The work between two barriers. Behind it stand its stages, and then the ops that the last thread runs alone.
struct Phase {
  Count words;    // with all that follows
  Flag perImage;  // 1: tasks are runs of images, and every stage runs. 0: tasks are the ops of the one stage, some of several ops (sameTask)
  Count tasks;    // where perImage is 0
  Flag early;     // a task may begin while other phases run, once its op's gate has been passed
  Count stages, finishOps;
};

// The header of a program, with all that changes from call to call. TypeScript writes it before each run.
struct Program {
  Count threads;
  Offset code;
  Count phases, steps, batch, taskImages;
  Offset threadMemory;
  Floats threadStride;            // from one thread's memory to the next's
  Offset barrier;                 // of the barrier, behind which stand counters: of tasks taken [phase][thread], and of tasks past each gate
  Count gates;
  OptionalOffset images, labels;  // uint8
  OptionalOffset floatImages;     // [batch × 784] in [0, 1], where there are no `images`
  OptionalOffset indices;         // uint32 [steps × batch]; none: image i is number i
  OptionalOffset affine;          // [steps × batch × 6]; none: no augmentation
  float mean, inverseDeviation;
  OptionalOffset loss;            // training: [steps]; inference: [batch], where there are labels
  OptionalOffset correct;         // training: [steps]
  OptionalOffset probabilities;   // inference: [batch × 16], logits where there are no labels
  Offset laneLoss;                // doubles [lanes × 2]
  uint32_t seed;
  Count firstStep;                // optimizer steps taken before
  Optimizer optimizer;
  float momentum, weightDecay;
  OptionalOffset rates;           // [steps × 3]
  Floats laneStride;              // from one lane's gradients to the next lane's
  Count sumStride;                // doubles from one lane's sums to the next lane's
  OptionalOffset profile;         // doubles [threads × ops]: seconds spent in each op, added to
  Count ops;
  Offset norms;                   // doubles [ops]: squared norm of the gradient that each op of the update has seen last
};
