// opDot: products with weights, in register tiles of P pixels × N vectors of output channels. One broadcast of an input serves N multiplications.
//
// The naive version, for output channel o of pixel (y, x):
//   sum = bias[o]
//   for tap, i: sum += in[(y·stride + tap.y, x·stride + tap.x), i] · w[tap][i][o]
#pragma once
#include "context.h"

namespace dot {
using namespace simd;

// The extent of the sums of a tile: taps, blocks of input channels, and the distances between them.
struct Reduction {
  const Tap* taps;
  int32_t tapCount, blocks, blockSize, lastBlock;
  size_t blockStride, pixelStep;
};

// Floats by which the fetching of weights runs ahead. Weights are read in order, but faster than the processor's own prefetching follows: out of the
// second-level cache, or from another core that has just updated them.
constexpr int ahead = 1536;

// Adds the products of one input channel of P pixels.
template <int P, int N>
static inline void channel(const float* x, size_t step, const float* w, vf (&sum)[P][N]) {
  vf weight[N];
#pragma GCC unroll 4
  for (int j = 0; j < N; j++) weight[j] = load(w + j * V);
#pragma GCC unroll 4
  for (int j = 0; j < N * V; j += blockChannels) willRead(w + j + ahead);
#pragma GCC unroll 14
  for (int p = 0; p < P; p++) {
    const vf pixel = broadcast(x[p * step]);
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) sum[p][j] = fma(pixel, weight[j], sum[p][j]);
  }
}

// S: the distance of two pixels in floats where it is a constant, or 0 for r.pixelStep.
template <int P, int N, int S>
static void tile(const float* x, const float* w, const Reduction& r, vf (&sum)[P][N]) {
  constexpr bool oneChannel = S == 1 || S == 2;
  const size_t step = S ? S : r.pixelStep;
#pragma GCC unroll 1
  for (int32_t t = 0; t < r.tapCount; t++) {
    const float* xb = x + r.taps[t].x;
    const float* wp = w + static_cast<size_t>(r.taps[t].w) * N * V;
    if (oneChannel) {
      channel<P, N>(xb, step, wp, sum);
      continue;
    }
    for (int32_t b = 0; b < r.blocks; b++, xb += r.blockStride) {
      const int32_t n = b + 1 == r.blocks ? r.lastBlock : r.blockSize;
      const float* xi = xb;
#pragma GCC unroll 1
      for (int32_t i = 0; i < n; i++, xi++, wp += N * V) channel<P, N>(xi, step, wp, sum);
    }
  }
}

// The outputs of a tile, and the epilogue: bias, accumulation, relu.
struct Output {
  float* y;
  size_t pixel;      // floats from one pixel to the next
  size_t vector[4];  // and from the first vector to each
  const float* bias;
  bool relu, accumulate;
};

// `count` tiles of P pixels, one after the other.
template <int P, int N, int S>
static void run(const float* x, const float* w, const Reduction& r, const Output& out, int32_t count) {
  float* to = out.y;
  const size_t step = S ? S : r.pixelStep;
#pragma GCC unroll 1
  for (int32_t k = 0; k < count; k++, x += P * step, to += P * out.pixel) {
    vf sum[P][N];
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) {
      const vf start = out.bias ? load(out.bias + j * V) : zero();
#pragma GCC unroll 14
      for (int p = 0; p < P; p++) sum[p][j] = start;
    }
    tile<P, N, S>(x, w, r, sum);
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) {
      float* y = to + out.vector[j];
      if (out.relu) {
#pragma GCC unroll 14
        for (int p = 0; p < P; p++) sum[p][j] = max(sum[p][j], zero());
      }
      if (out.accumulate) {
#pragma GCC unroll 14
        for (int p = 0; p < P; p++) sum[p][j] += load(y + p * out.pixel);
      }
#pragma GCC unroll 14
      for (int p = 0; p < P; p++) store(y + p * out.pixel, sum[p][j]);
    }
  }
}

using Kernel = void (*)(const float*, const float*, const Reduction&, const Output&, int32_t);
constexpr int maxPixels = 14;
// Pixels of a tile where their distance is no constant: each has a pointer, and more pointers would not fit the integer registers.
constexpr int maxPointers = 8;

constexpr int pixelLimit(int vectors) { return tileRows(vectors) < maxPixels ? tileRows(vectors) : maxPixels; }

// The kernel of N vectors and distance S for a number of pixels.
template <int N, int S, int P>
static Kernel pick(int32_t pixels) {
  if constexpr (P == 0) {
    return nullptr;
  } else {
    return pixels == P ? &run<P, N, S> : pick<N, S, P - 1>(pixels);
  }
}

template <int N>
static Kernel pickStep(int32_t pixels, size_t step) {
  constexpr int L = pixelLimit(N);
  if (step == 16) return pick<N, 16, L>(pixels);
  if (step == 32) return pick<N, 32, L>(pixels);
  if (step == 1) return pick<N, 1, L>(pixels);
  if (step == 2) return pick<N, 2, L>(pixels);
  return pick<N, 0, (L < maxPointers ? L : maxPointers)>(pixels);
}

static Kernel kernel(int32_t pixels, int32_t vectors, size_t step) {
  switch (vectors) {
    case 1: return pickStep<1>(pixels, step);
    case 2: return pickStep<2>(pixels, step);
    case 3: return pickStep<3>(pixels, step);
    default: return pickStep<4>(pixels, step);
  }
}

static int32_t limit(int32_t vectors, size_t step) {
  const int32_t l = pixelLimit(vectors);
  const bool constant = step == 16 || step == 32 || step == 1 || step == 2;
  return constant || l < maxPointers ? l : maxPointers;
}

// A row of `width` pixels, cut into tiles of nearly equal length.
struct Row {
  int32_t tiles, small, large;  // `large` tiles of small + 1 pixels come first
  Kernel kernelSmall, kernelLarge;

  Row(int32_t width, int32_t vectors, size_t step) {
    const int32_t most = limit(vectors, step);
    tiles = (width + most - 1) / most;
    small = width / tiles;
    large = width % tiles;
    kernelSmall = kernel(small, vectors, step);
    kernelLarge = large ? kernel(small + 1, vectors, step) : nullptr;
  }

  // From the pixels of x, r.pixelStep apart, to those of y.
  void each(const float* x, const float* w, const Reduction& r, Output& out, float* y) const {
    const int32_t split = large * (small + 1);
    out.y = y;
    if (large) kernelLarge(x, w, r, out, large);
    out.y = y + split * out.pixel;
    kernelSmall(x + split * r.pixelStep, w, r, out, tiles - large);
  }
};

KERNEL void execute(const DotOp& op, const Context& c) {
  const Tile* tiles = op.tiles();
  const bool dense = op.imagesArePixels != 0;
  const size_t step = dense ? op.in.image : op.pixelStep;
  const int32_t width = dense ? c.images : op.width, images = dense ? 1 : c.images, height = dense ? 1 : op.height;
  const Reduction r{op.taps(), op.tapCount, op.blocks, op.blockSize, op.lastBlock, static_cast<size_t>(op.in.block), step};
  for (int32_t t = 0; t < op.tileCount; t++) {
    const Tile& tile = tiles[t];
    const Row row(width, tile.vectors, step);
    Output out{};
    out.pixel = dense ? op.out.image : op.out.pixel;
    out.bias = op.bias >= 0 ? c.arena + op.bias + tile.first * V : nullptr;
    out.relu = op.relu;
    out.accumulate = op.accumulate;
    for (int32_t j = 0; j < tile.vectors; j++) out.vector[j] = vectorOffset(op.out, tile.first + j);
    const float* w = c.arena + op.weights + tile.weights;
    for (int32_t i = 0; i < images; i++) {
      const float* x = c.at(op.in, i);
      float* y = c.at(op.out, i);
      for (int32_t h = 0; h < height; h++, x += op.rowStep, y += op.out.row) row.each(x, w, r, out, y);
    }
  }
}

}  // namespace dot
