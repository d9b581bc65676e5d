// opOuter: weight gradients. A tile of I input channels (or of the taps of a one-channel image) × N vectors of output
// channels stays in registers over all pixels of the group's images.
//
// The naive version:
//   for image, pixel, tap, i, o: gradient[tap][i][o] += in[pixel·stride + tap][i] · out[pixel][o]
#pragma once
#include "context.h"

namespace outer {
using namespace simd;

// The pixels that a tile runs over.
struct Pixels {
  int32_t images, height, width;
  size_t xRow, xPixel, dRow, dPixel;
  size_t dVector[4];
};

// Input channels of a tile of N vectors.
template <int N>
constexpr int inputLimit() {
  constexpr int fit = maxAccumulators >= 28 ? 24 / N : 8 / N;
  return fit >= 16 ? 16 : fit >= 8 ? 8 : fit >= 4 ? 4 : 2;
}

// x, d: image i's first pixel; xTap: floats from one input of the tile to the next; g: the tile's gradient, rows of N vectors.
// W: inputs are the 3×3 taps of a one-channel image instead of neighbouring channels, rows xTap apart.
template <int I, int N, bool W>
static void run(const Context& c, const OuterOp& op, size_t xOffset, size_t tapRow, const Pixels& p, float* g, bool fresh) {
  vf sum[I][N];
#pragma GCC unroll 16
  for (int i = 0; i < I; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) sum[i][j] = fresh ? zero() : load(g + (i * N + j) * V);
  }
  for (int32_t image = 0; image < p.images; image++) {
    const float* xr = c.at(op.in, image) + xOffset;
    const float* dr = c.at(op.out, image);
    for (int32_t h = 0; h < p.height; h++, xr += p.xRow, dr += p.dRow) {
      const float* x = xr;
      const float* d = dr;
      for (int32_t w = 0; w < p.width; w++, x += p.xPixel, d += p.dPixel) {
        vf dy[N];
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) dy[j] = load(d + p.dVector[j]);
#pragma GCC unroll 16
        for (int i = 0; i < I; i++) {
          const vf value = broadcast(W ? x[(i / 3) * tapRow + i % 3] : x[i]);
#pragma GCC unroll 4
          for (int j = 0; j < N; j++) sum[i][j] = fma(value, dy[j], sum[i][j]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < I; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) store(g + (i * N + j) * V, sum[i][j]);
  }
}

using Kernel = void (*)(const Context&, const OuterOp&, size_t, size_t, const Pixels&, float*, bool);

template <int N>
static Kernel channels(int32_t inputs) {
  constexpr int L = inputLimit<N>();
  switch (inputs) {
    case 16: return L >= 16 ? &run<(L >= 16 ? 16 : 1), N, false> : nullptr;
    case 8: return L >= 8 ? &run<(L >= 8 ? 8 : 1), N, false> : nullptr;
    case 4: return L >= 4 ? &run<(L >= 4 ? 4 : 1), N, false> : nullptr;
    case 2: return &run<2, N, false>;
    default: return &run<1, N, false>;
  }
}

template <int N>
static int32_t most(int32_t inputs) {
  constexpr int32_t L = inputLimit<N>();
  int32_t n = L;
  while (n > inputs) n /= 2;
  return n;
}

// All taps of one tile of N vectors.
template <int N>
static void tileOf(const Context& c, const OuterOp& op, const Tap* taps, const Pixels& p, float* g, bool fresh) {
  if (op.blockSize == 1 && op.taps == 9 && 9 * N <= maxAccumulators) {
    run<(9 * N <= maxAccumulators ? 9 : 1), N, true>(c, op, taps[0].x, taps[3].x - taps[0].x, p, g, fresh);
    return;
  }
  for (int32_t t = 0; t < op.taps; t++) {
    for (int32_t b = 0; b < op.blocks; b++) {
      const int32_t inputs = b + 1 == op.blocks ? op.lastBlock : op.blockSize;
      for (int32_t i = 0; i < inputs;) {
        const int32_t n = most<N>(inputs - i);
        channels<N>(n)(c, op, taps[t].x + static_cast<size_t>(b) * op.in.block + i, 0, p, g, fresh);
        g += n * N * V;
        i += n;
      }
    }
  }
}

static Pixels pixelsOf(const OuterOp& op, const Context& c, const Tile& tile) {
  Pixels p{};
  p.images = c.images;
  p.height = op.height;
  p.width = op.width;
  p.xRow = op.rowStep;
  p.xPixel = op.pixelStep;
  p.dRow = op.out.row;
  p.dPixel = op.out.pixel;
  for (int32_t j = 0; j < tile.vectors; j++) p.dVector[j] = vectorOffset(op.out, tile.first + j);
  return p;
}

static void tileExecute(const OuterOp& op, const Context& c, const Tap* taps, const Tile& tile, float* g, bool fresh) {
  const Pixels p = pixelsOf(op, c, tile);
  switch (tile.vectors) {
    case 1: return tileOf<1>(c, op, taps, p, g, fresh);
    case 2: return tileOf<2>(c, op, taps, p, g, fresh);
    case 3: return tileOf<3>(c, op, taps, p, g, fresh);
    default: return tileOf<4>(c, op, taps, p, g, fresh);
  }
}

static void execute(const OuterOp& op, const Context& c) {
  const Tap* taps = reinterpret_cast<const Tap*>(&op + 1);
  const Tile* tiles = reinterpret_cast<const Tile*>(taps + op.taps);
  for (int32_t t = 0; t < op.tiles; t++) {
    tileExecute(op, c, taps, tiles[t], c.gradient(op.gradient) + tiles[t].weights, c.firstGroup());
  }
}

static void columnSum(const ColumnSumOp& op, const Context& c) {
  constexpr int perBlock = blockChannels / V;
  float* g = c.gradient(op.gradient);
  for (int32_t v = 0; v < op.blocks * perBlock; v++) {
    vf sum = c.firstGroup() ? zero() : load(g + v * V);
    for (int32_t image = 0; image < c.images; image++) {
      const float* row = c.at(op.in, image) + vectorOffset(op.in, v);
      vf part = zero();
      for (int32_t h = 0; h < op.height; h++, row += op.in.row) {
        for (int32_t w = 0; w < op.width; w++) part += load(row + static_cast<size_t>(w) * op.in.pixel);
      }
      sum += part;
    }
    store(g + v * V, sum);
  }
}

}  // namespace outer
