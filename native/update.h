// opUpdateLanes, opUpdateDense: the optimizer's step, after PyTorch's torch.optim.Adam, SGD and RMSprop, on parameters in the order of the forward
// weights. opTranspose: the transposed copy of the weights that the input gradients read.
#pragma once
#include "outer.h"

namespace update {
using namespace simd;

// Moments and gradients below these become zero: arithmetic with subnormal numbers is many times slower. The moments of a weight whose gradient has become
// zero (behind a relu that no image passes any more) decay until they are subnormal and stay so, since 0.9 of the smallest rounds to itself; the gradients
// of a network that has memorized its images have subnormal squares. Both limits are far below any value that moves a weight, and far enough above the subnormal
// numbers for products with a learning rate.
constexpr float tinyMoment = 0x1p-100f, tinyGradient = 0x1p-60f;
static inline vf settled(vf v, float tiny) { return abs(v) > tiny ? v : zero(); }
static inline vf settled(vf moment) { return settled(moment, tinyMoment); }

// A factor of a moving average, in the precision of the kernels.
constexpr float decay(double factor) { return static_cast<float>(factor); }

// The optimizer's step for one vector of weights, with the slots of src/model/optimizers.ts.
struct OptimizerStep {
  int32_t kind;
  bool momentumSlot;
  vf rate, momentum, weightDecay, stepSize, epsilon;

  explicit OptimizerStep(const Context& c) {
    const Program& p = *c.program;
    const float* rates = c.arena + p.rates + rateFloats * c.step;
    kind = p.optimizer;
    momentumSlot = p.momentum != 0.0f;
    rate = broadcast(rates[0]);
    // Adam's rate · m / c₁ / (√v / c₂ + ε), rearranged to one division an element.
    stepSize = broadcast(rates[0] / rates[1] * rates[2]);
    epsilon = broadcast(static_cast<float>(adamEpsilon) * rates[2]);
    momentum = broadcast(p.momentum);
    weightDecay = broadcast(p.weightDecay);
  }

  // @returns the new weight; moves the slots
  vf apply(vf weight, vf g, float* slot0, float* slot1) const {
    g = settled(fma(weightDecay, weight, g), tinyGradient);
    if (kind == optimizerAdam) {
      const vf m = settled(load(slot0) * decay(adamBeta1) + g * decay(1 - adamBeta1));
      const vf v = settled(load(slot1) * decay(adamBeta2) + g * g * decay(1 - adamBeta2));
      store(slot0, m);
      store(slot1, v);
      return weight - stepSize * m / (sqrt(v) + epsilon);
    }
    if (kind == optimizerSgd) {
      if (momentumSlot) {
        g = settled(fma(momentum, load(slot0), g));
        store(slot0, g);
      }
      return weight - rate * g;
    }
    const vf v = settled(load(slot0) * decay(rmspropAlpha) + g * g * decay(1 - rmspropAlpha));
    store(slot0, v);
    g = g / (sqrt(v) + static_cast<float>(rmspropEpsilon));
    if (momentumSlot) {
      g = settled(fma(momentum, load(slot1), g));
      store(slot1, g);
    }
    return weight - rate * g;
  }
};

// The squared norm of a range of gradients in this step, for the layer statistics.
struct Norm {
  vf sum = zero();

  void add(vf g) { sum = fma(g, g, sum); }
  void store(const Context& c, const Op& op) const {
    double total = 0;
    for (int i = 0; i < V; i++) total += sum[i];
    reinterpret_cast<double*>(c.arena + c.program->norms)[op.id] = total;
  }
};

static float* slot(const Context& c, int32_t offset, int32_t from) { return offset >= 0 ? c.arena + offset + from : nullptr; }

// Transposes a square of V×V and stores the first `rows` of its columns. next: the place of the next square.
template <bool streaming>
static inline void squareOf(const float* from, int32_t fromStride, float* to, float* next, int32_t toStride, int32_t rows) {
#pragma GCC unroll 16
  for (int i = 0; !streaming && i < V; i++) willWrite(next + static_cast<size_t>(i) * toStride);
  vf square[V];
#pragma GCC unroll 16
  for (int i = 0; i < V; i++) square[i] = load(from + static_cast<size_t>(i) * fromStride);
  simd::transpose(square);
#pragma GCC unroll 16
  for (int i = 0; i < V; i++) {
    if (i < rows) store(to + static_cast<size_t>(i) * toStride, square[i], streaming);
  }
}

// Copies rows [first, first + rows) of a tile of the weights, which lie at `weights`, to the transposed copy. streaming: allowed for dense layers, whose
// ranges begin with a whole vector of inputs.
template <bool streaming = false>
static void transposeRows(const Transpose& t, const Context& c, const float* weights, const Tile& forward, int32_t first, int32_t rows) {
  const Tile* tiles = reinterpret_cast<const Tile*>(c.arena + t.tiles);
  const int32_t width = forward.vectors * V;
  const int32_t outputs = t.outputs - forward.first * V < width ? t.outputs - forward.first * V : width;
  for (int32_t row = first; row < first + rows;) {
    const int32_t tap = row / t.inputs, input = row % t.inputs;
    const Tile* tile = tiles;
    while ((tile->first + tile->vectors) * V <= input) tile++;
    int32_t run = (tile->first + tile->vectors) * V - input;  // rows that go to the same transposed tile and tap
    if (run > t.inputs - input) run = t.inputs - input;
    if (run > first + rows - row) run = first + rows - row;
    const int32_t stride = tile->vectors * V;
    float* to = c.arena + t.weights + tile->weights + (static_cast<size_t>(tap) * t.outputs + forward.first * V) * stride + (input - tile->first * V);
    const float* from = weights + static_cast<size_t>(row - first) * width;
    int32_t i = 0;
    for (; i + V <= run; i += V) {
      for (int32_t o = 0; o < outputs; o += V) {
        float* square = to + static_cast<size_t>(o) * stride + i;
        float* next = o + V < outputs ? square + static_cast<size_t>(V) * stride : to + i + V;
        squareOf<streaming>(from + static_cast<size_t>(i) * width + o, width, square, next, stride, outputs - o);
      }
    }
    for (; i < run; i++) {
      for (int32_t o = 0; o < outputs; o++) to[static_cast<size_t>(o) * stride + i] = from[static_cast<size_t>(i) * width + o];
    }
    row += run;
  }
}

KERNEL void transposeRange(const WeightRange& r, const Context& c) {
  const int32_t width = r.tile.vectors * V;
  for (int32_t piece = 0; piece < r.pieces; piece++) {
    const int32_t from = r.from + piece * r.step;
    transposeRows(r.transpose, c, c.arena + r.weights + from, r.tile, (from - r.tile.weights) / width, r.count / width);
  }
}

static void transpose(const TransposeOp& op, const Context& c) {
  if (op.range.hasTranspose) transposeRange(op.range, c);
}

KERNEL void lanes(const UpdateLanesOp& op, const Context& c) {
  const WeightRange& r = op.range;
  const OptimizerStep step(c);
  const size_t stride = c.program->laneStride;
  const int32_t count = op.firstLaneOnly ? 1 : c.lanes();
  Norm norm;
  for (int32_t piece = 0; piece < r.pieces; piece++) {
    const int32_t from = r.from + piece * r.step;
    float* w = c.arena + r.weights + from;
    float* slot0 = slot(c, op.slots[0], from);
    float* slot1 = slot(c, op.slots[1], from);
    const float* g = c.arena + op.gradient + from;
    for (int32_t i = 0; i < r.count; i += V) {
      vf sum = load(g + i);
      for (int32_t lane = 1; lane < count; lane++) sum += load(g + lane * stride + i);
      norm.add(sum);
      store(w + i, step.apply(load(w + i), sum, slot0 + i, slot1 + i));
    }
  }
  norm.store(c, op.op);
  if (r.hasTranspose) transposeRange(r, c);
}

// Makes the gradient of `rows` rows (whole blocks of inputs) of a dense layer's weights, of N vectors each, and fetches as many rows of each of `needed`.
template <int N>
KERNEL void gradientOfRows(const outer::Pixels& p, int32_t rows, float* g, const float* const (&needed)[3]) {
  constexpr int I = outer::inputLimit<N>();
  static_assert(blockChannels % I == 0);
  int32_t fetched = 0;
  const auto fetch = [&] {
    if (!fetches || fetched == rows * N * V) return;
    for (const float* from : needed) willRead(from + fetched);
    fetched += V;
  };
  for (int32_t i = 0; i < rows; i += I) outer::tile<I, N, false>(p, p.x + i, 0, g + i * N * V, true, fetch);
}

static auto gradientOf(int32_t vectors) {
  switch (vectors) {
    case 1: return &gradientOfRows<1>;
    case 2: return &gradientOfRows<2>;
    case 3: return &gradientOfRows<3>;
    default: return &gradientOfRows<4>;
  }
}

KERNEL void dense(const UpdateDenseOp& op, const Context& c) {
  const WeightRange& r = op.range;
  const OptimizerStep step(c);
  const int32_t width = r.tile.vectors * V, first = (r.from - r.tile.weights) / width, end = first + r.count / width;
  Context whole = c;
  whole.taskFirst = whole.groupFirst = 0;
  outer::Pixels p{};
  p.x = whole.at(op.in, 0) + first;
  p.d = whole.at(op.out, 0);
  p.images = p.height = 1;
  p.width = c.program->batch;
  p.xPixel = op.in.image;
  p.dPixel = op.out.image;
  for (int32_t j = 0; j < r.tile.vectors; j++) p.dVector[j] = vectorOffset(op.out, r.tile.first + j);
  const auto gradient = gradientOf(r.tile.vectors);
  const auto copy = c.streamingVectors() ? &transposeRows<true> : &transposeRows<false>;
  float* const g = c.threadMemory + op.scratch;
  // A block of rows at a time where weights are streamed: the processor writes them while it sums up the gradient of the next block.
  const int32_t most = c.streaming ? blockChannels : end - first;
  Norm norm;
  for (int32_t row = first; row < end; row += most, p.x += most) {
    const int32_t rows = end - row < most ? end - row : most;
    const int32_t from = r.tile.weights + row * width;
    float* w = c.arena + r.weights + from;
    float* slot0 = slot(c, op.slots[0], from);
    float* slot1 = slot(c, op.slots[1], from);
    gradient(p, rows, g, {w, slot0 ? slot0 : w, slot1 ? slot1 : w});
    for (int32_t i = 0; i < rows * width; i += V) {
      norm.add(load(g + i));
      const vf updated = step.apply(load(w + i), load(g + i), slot0 + i, slot1 + i);
      store(g + i, updated);  // in the gradient's place, for the transpose: streamed weights are in no cache
      store(w + i, updated, c.streaming);
    }
    if (r.hasTranspose) copy(r.transpose, c, g, r.tile, row, rows);
  }
  norm.store(c, op.op);
}

}  // namespace update
