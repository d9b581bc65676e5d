// Convolutions and dense layers as three products of matrices (implicit GEMM: the patches of an image are never laid out, the loaders
// find them). Weights are w [K·K·C4 (+ 4), O4]: a row for every kernel position and input channel, then, where there is a bias, four
// rows of which the first is the bias.
#pragma once
#include "tile.cuh"

// A row or column outside of every image: it stays outside, whatever offset is added.
constexpr int nowhere = -(1 << 24);

// ---- Forward: M = N·P·Q output pixels, N = O4, K = K·K·C4 ------------------------------------------------------------------------
//
//   for n, p, q, o, i, j, c:  y[n, p, q, o] += x[n, S·p + i − Z, S·q + j − Z, c] · w[(i, j, c), o]

struct ForwardProblem {
  const float *x, *w;
  Conv g;
  int pixels;
};

template <int ROWS>
struct ForwardInput {
  static constexpr bool alongK = true;
  const float* x;
  const Conv& g;
  int pixels;
  const float* image[ROWS];
  int top[ROWS], left[ROWS];

  __device__ explicit ForwardInput(const ForwardProblem& p) : x(p.x), g(p.g), pixels(p.pixels) {}
  __device__ void prepare(int i, int m) {
    const Split column = divide(m, g.outputWidth), row = divide(column.quotient, g.outputHeight);
    image[i] = x + static_cast<size_t>(row.quotient) * g.height * g.width * g.inputs;
    top[i] = m < pixels ? static_cast<int>(row.remainder) * g.stride - g.padding : nowhere;
    left[i] = static_cast<int>(column.remainder) * g.stride - g.padding;
  }
  __device__ float4 load(int i, int k) const {
    const Split tap = divide(k / 4, g.inputQuads);
    const int dy = g.kernel == 1 ? 0 : tap.quotient / 3, dx = g.kernel == 1 ? 0 : tap.quotient % 3;
    const int row = top[i] + dy, column = left[i] + dx;
    if (static_cast<unsigned>(row) >= g.height || static_cast<unsigned>(column) >= g.width) return zero4();
    return load4(image[i] + (row * g.width + column) * g.inputs + tap.remainder * 4);
  }
};

template <int ROWS>
struct ForwardWeights {
  static constexpr bool alongK = false;
  const float* w;
  int outputs;
  bool inside;

  __device__ explicit ForwardWeights(const ForwardProblem& p) : w(p.w), outputs(p.g.outputs) {}
  __device__ void prepare(int, int o) {
    inside = o < outputs;
    w += o;
  }
  __device__ float4 load(int, int k) const { return inside ? load4(w + k * outputs) : zero4(); }
};

// Blocks: x over pixels, y over outputs, z over parts of K of `length` each. Where there are several parts, y is [z, N·P·Q, O4] without bias
// or relu, and combine.cuh adds the parts up.
template <class T>
__device__ inline void forward(const float* x, const float* w, float* y, const Conv& g, int pixels, int length, int bias, int isRelu) {
  const ForwardProblem problem{x, w, g, pixels};
  const int depth = g.kernel * g.kernel * g.inputs, begin = blockIdx.z * length;
  y += static_cast<size_t>(blockIdx.z) * pixels * g.outputs;
  multiply<T, ForwardInput, ForwardWeights>(problem, blockIdx.x * T::BM, blockIdx.y * T::BN, begin, min(begin + length, depth),
                                            [&](int m, int n, float4 v) {
                                              if (m >= pixels || n >= g.outputs) return;
                                              if (bias) v = v + load4(w + depth * g.outputs + n);
                                              store4(y + static_cast<size_t>(m) * g.outputs + n, isRelu ? relu(v) : v);
                                            });
}

// ---- Input gradient: M = input pixels, N = C4, K = kernel positions × O4 -----------------------------------------------------------
//
//   for n, p, q, o, i, j, c:  dx[n, S·p + i − Z, S·q + j − Z, c] += dy[n, p, q, o] · w[(i, j, c), o]
//
// With stride S, an input pixel meets only those kernel positions i with h + Z − i divisible by S. So pixels are sorted by their
// remainder (part z = h mod S, w mod S), and each part takes the positions that it meets: nothing is multiplied by zero.

struct Part {
  int row, column;          // h mod S, w mod S
  int firstTop, firstLeft;  // the first kernel position that this part meets
  int down, across;         // rows and columns of kernel positions that it meets
  uint32_t perRow;          // 2¹⁶ / across, rounded up: n / across is n · perRow / 2¹⁶ for as few positions as a kernel has

  __device__ Part(const Conv& g, int z) {
    row = z / g.stride;
    column = z % g.stride;
    firstTop = (row + g.padding) % g.stride;
    firstLeft = (column + g.padding) % g.stride;
    down = (g.kernel - firstTop + g.stride - 1) / g.stride;
    across = (g.kernel - firstLeft + g.stride - 1) / g.stride;
    perRow = across == 0 ? 0 : (65535 + across) / across;
  }
};

struct InputGradientProblem {
  const float *dy, *w;
  Conv g;
  int pixels;  // N·⌈H/S⌉·⌈W/S⌉
  Part part;
};

struct Tap {
  int top, left;  // kernel position
  uint32_t output;

  __device__ Tap(const InputGradientProblem& p, int k) {
    const Split tap = divide(k / 4, p.g.outputQuads);
    const uint32_t down = tap.quotient * p.part.perRow >> 16;
    top = p.part.firstTop + down * p.g.stride;
    left = p.part.firstLeft + (tap.quotient - down * p.part.across) * p.g.stride;
    output = tap.remainder * 4;
  }
};

template <int ROWS>
struct OutputGradient {
  static constexpr bool alongK = true;
  const InputGradientProblem& p;
  const float* image[ROWS];
  int bottom[ROWS], right[ROWS];

  __device__ explicit OutputGradient(const InputGradientProblem& problem) : p(problem) {}
  __device__ void prepare(int i, int m) {
    const Split column = divide(m, p.g.partWidth), row = divide(column.quotient, p.g.partHeight);
    image[i] = p.dy + static_cast<size_t>(row.quotient) * p.g.outputHeight.divisor * p.g.outputWidth.divisor * p.g.outputs;
    bottom[i] = m < p.pixels ? static_cast<int>(row.remainder) * p.g.stride + p.part.row + p.g.padding : nowhere;
    right[i] = static_cast<int>(column.remainder) * p.g.stride + p.part.column + p.g.padding;
  }
  __device__ float4 load(int i, int k) const {
    const Tap tap(p, k);
    // Both differences are divisible by the stride; a shift keeps negative numbers negative.
    const int row = (bottom[i] - tap.top) >> (p.g.stride - 1), column = (right[i] - tap.left) >> (p.g.stride - 1);
    const uint32_t width = p.g.outputWidth.divisor;
    if (static_cast<unsigned>(row) >= p.g.outputHeight.divisor || static_cast<unsigned>(column) >= width) return zero4();
    return load4(image[i] + (row * width + column) * p.g.outputs + tap.output);
  }
};

template <int ROWS>
struct TransposedWeights {
  static constexpr bool alongK = true;
  const InputGradientProblem& p;
  int input[ROWS];

  __device__ explicit TransposedWeights(const InputGradientProblem& problem) : p(problem) {}
  __device__ void prepare(int i, int c) { input[i] = c; }
  __device__ float4 load(int i, int k) const {
    if (input[i] >= p.g.inputs) return zero4();
    const Tap tap(p, k);
    return load4(p.w + ((tap.top * p.g.kernel + tap.left) * p.g.inputs + input[i]) * p.g.outputs + tap.output);
  }
};

// Blocks: x over the pixels of a part, y over inputs, z over parts. Where `mask` is given, x is the output of a relu: its gradient passes
// where mask [N, H, W, C4] > 0. Where accumulate is set, the gradient is added to the one that another layer has written for the same x.
template <class T>
__device__ inline void inputGradient(const float* dy, const float* w, float* dx, const float* mask, const Conv& g, int pixels,
                                     int accumulate) {
  const Part part(g, blockIdx.z);
  const InputGradientProblem problem{dy, w, g, pixels, part};
  multiply<T, OutputGradient, TransposedWeights>(
      problem, blockIdx.x * T::BM, blockIdx.y * T::BN, 0, part.down * part.across * g.outputs, [&](int m, int n, float4 v) {
        const Split column = divide(m, g.partWidth), row = divide(column.quotient, g.partHeight);
        const int h = row.remainder * g.stride + part.row, l = column.remainder * g.stride + part.column;
        if (m >= pixels || n >= g.inputs || h >= g.height || l >= g.width) return;
        const size_t at = ((static_cast<size_t>(row.quotient) * g.height + h) * g.width + l) * g.inputs + n;
        if (mask) v = where(load4(mask + at), v);
        if (accumulate) v = v + load4(dx + at);
        store4(dx + at, v);
      });
}

// ---- Weight gradient: M = K·K·C4 (+ 4), N = O4, K = N·P·Q output pixels ------------------------------------------------------------
//
//   for n, p, q, o, i, j, c:  dw[(i, j, c), o] += x[n, S·p + i − Z, S·q + j − Z, c] · dy[n, p, q, o]
//
// The bias is the weight of an input that is always 1, so its gradient is one more row.

struct WeightGradientProblem {
  const float *x, *dy;
  Conv g;
  int bias;
};

template <int ROWS>
struct WeightInput {
  static constexpr bool alongK = false;
  const float* x;
  const Conv& g;
  int bias;
  enum { nothing, input, one } kind;
  int top, left;

  __device__ explicit WeightInput(const WeightGradientProblem& p) : x(p.x), g(p.g), bias(p.bias) {}
  __device__ void prepare(int, int m) {
    const Split tap = divide(m / 4, g.inputQuads);
    const int taps = g.kernel * g.kernel, index = tap.quotient;
    kind = index < taps ? input : bias && m == taps * g.inputs ? one : nothing;
    top = (g.kernel == 1 ? 0 : index / 3) - g.padding;
    left = (g.kernel == 1 ? 0 : index % 3) - g.padding;
    x += tap.remainder * 4;
  }
  __device__ float4 load(int, int k) const {
    if (kind != input) return make_float4(kind == one ? 1 : 0, 0, 0, 0);
    const Split column = divide(k, g.outputWidth), row = divide(column.quotient, g.outputHeight);
    const int h = static_cast<int>(row.remainder) * g.stride + top, l = static_cast<int>(column.remainder) * g.stride + left;
    if (static_cast<unsigned>(h) >= g.height || static_cast<unsigned>(l) >= g.width) return zero4();
    return load4(x + ((static_cast<size_t>(row.quotient) * g.height + h) * g.width + l) * g.inputs);
  }
};

template <int ROWS>
struct WeightOutputGradient {
  static constexpr bool alongK = false;
  const float* dy;
  int outputs;
  bool inside;

  __device__ explicit WeightOutputGradient(const WeightGradientProblem& p) : dy(p.dy), outputs(p.g.outputs) {}
  __device__ void prepare(int, int o) {
    inside = o < outputs;
    dy += o;
  }
  __device__ float4 load(int, int k) const { return inside ? load4(dy + static_cast<size_t>(k) * outputs) : zero4(); }
};

// Blocks: x over rows of weights, y over outputs, z over parts of the pixels of `length` each: dw [z, K·K·C4 (+ 4), O4]. The update adds the
// parts up in order.
template <class T>
__device__ inline void weightGradient(const float* x, const float* dy, float* dw, const Conv& g, int pixels, int length, int bias) {
  const WeightGradientProblem problem{x, dy, g, bias};
  const int rows = g.kernel * g.kernel * g.inputs + (bias ? 4 : 0), begin = blockIdx.z * length;
  dw += static_cast<size_t>(blockIdx.z) * rows * g.outputs;
  multiply<T, WeightInput, WeightOutputGradient>(problem, blockIdx.x * T::BM, blockIdx.y * T::BN, begin, min(begin + length, pixels),
                                                 [&](int m, int n, float4 v) {
                                                   if (m < rows && n < g.outputs) store4(dw + static_cast<size_t>(m) * g.outputs + n, v);
                                                 });
}

// ---- The kernels, one for each tile size (src/engine/cuda/tiles.ts chooses) ------------------------------------------------------

#define TILES(NAME, ...)                                                                                                     \
  extern "C" __global__ void __launch_bounds__(Tile<__VA_ARGS__>::threads)                                                   \
      forward_##NAME(const float* x, const float* w, float* y, Conv g, int pixels, int length, int bias, int isRelu) {       \
    forward<Tile<__VA_ARGS__>>(x, w, y, g, pixels, length, bias, isRelu);                                                    \
  }                                                                                                                          \
  extern "C" __global__ void __launch_bounds__(Tile<__VA_ARGS__>::threads) inputGradient_##NAME(                             \
      const float* dy, const float* w, float* dx, const float* mask, Conv g, int pixels, int accumulate) {                   \
    inputGradient<Tile<__VA_ARGS__>>(dy, w, dx, mask, g, pixels, accumulate);                                                \
  }                                                                                                                          \
  extern "C" __global__ void __launch_bounds__(Tile<__VA_ARGS__>::threads)                                                   \
      weightGradient_##NAME(const float* x, const float* dy, float* dw, Conv g, int pixels, int length, int bias) {          \
    weightGradient<Tile<__VA_ARGS__>>(x, dy, dw, g, pixels, length, bias);                                                   \
  }

TILES(128x64, 128, 64, 8, 8)
TILES(64x64, 64, 64, 8, 4)
TILES(128x32, 128, 32, 8, 4)
TILES(128x16, 128, 16, 4, 4)
TILES(32x32, 32, 32, 4, 4, 2)
TILES(16x16, 16, 16, 4, 4, 8, 32)
