// opOuter: weight gradients. A register tile of I input channels (or of the taps of a one-channel image) × N vectors of output channels stays in
// registers over all pixels of the group's images. opColumnSum: bias gradients.
//
// The naive version:
//   for image, pixel, tap, i, o: gradient[tap][i][o] += in[pixel·stride + tap][i] · out[pixel][o]
#pragma once
#include "context.h"

namespace outer {
using namespace simd;

// The pixels that a tile runs over: of inputs x and of output gradients d.
struct Pixels {
  const float* x;
  const float* d;
  int32_t images, height, width;
  size_t xImage, xRow, xPixel, dImage, dRow, dPixel;
  size_t dVector[4];
};

// The inputs of a pixel: each is a row of the tile's gradient, in this order.
struct Inputs {
  const Tap* taps;
  int32_t tapCount, blocks, blockSize, lastBlock;
  size_t blockStride;
};

// Where a block holds at least four vectors, all vectors of a tile lie in one block (src/engine/cpu/memory/tiles.ts): their distances are constants.
constexpr bool vectorsTogether = blockChannels / V >= 4;

// Input channels of a tile of N vectors.
template <int N>
constexpr int inputLimit() {
  constexpr int fit = tileRows(N);
  return fit >= 16 ? 16 : fit >= 8 ? 8 : fit >= 4 ? 4 : 2;
}

// g: the tile's gradient, rows of N vectors. W: the inputs are the 3×3 taps of a one-channel image, rows tapRow apart, instead of neighbouring
// channels. beside(): other work, called once a pixel.
template <int I, int N, bool W, class F>
static inline void tile(const Pixels& p, const float* xFirst, size_t tapRow, float* g, bool fresh, F&& beside) {
  vf sum[I][N];
#pragma GCC unroll 16
  for (int i = 0; i < I; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) sum[i][j] = fresh ? zero() : load(g + (i * N + j) * V);
  }
  for (int32_t image = 0; image < p.images; image++) {
    const float* xr = xFirst + image * p.xImage;
    const float* dr = p.d + image * p.dImage;
    for (int32_t h = 0; h < p.height; h++, xr += p.xRow, dr += p.dRow) {
      const float* x = xr;
      const float* d = dr;
      for (int32_t w = 0; w < p.width; w++, x += p.xPixel, d += p.dPixel) {
        beside();
        vf dy[N];
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) dy[j] = load(vectorsTogether ? d + p.dVector[0] + j * V : d + p.dVector[j]);
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

// `count` tiles of I inputs, one after the other.
template <int I, int N, bool W>
static void run(const Pixels& p, ptrdiff_t xOffset, size_t tapRow, float* g, bool fresh, int32_t count) {
  for (int32_t k = 0; k < count; k++) tile<I, N, W>(p, p.x + xOffset + k * I, tapRow, g + k * I * N * V, fresh, [] {});
}

using Kernel = void (*)(const Pixels&, ptrdiff_t, size_t, float*, bool, int32_t);

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

// All inputs of one tile of N vectors.
template <int N>
static void tileOf(const Inputs& all, const Pixels& p, float* g, bool fresh) {
  constexpr bool tapsFit = tileRows(N) >= 9;
  if (tapsFit && all.blockSize == 1 && all.tapCount == 9) {
    run<tapsFit ? 9 : 1, N, true>(p, all.taps[0].x, all.taps[3].x - all.taps[0].x, g, fresh, 1);
    return;
  }
  for (int32_t t = 0; t < all.tapCount; t++) {
    for (int32_t b = 0; b < all.blocks; b++) {
      const int32_t inputs = b + 1 == all.blocks ? all.lastBlock : all.blockSize;
      for (int32_t i = 0; i < inputs;) {
        const int32_t n = most<N>(inputs - i), count = (inputs - i) / n;
        channels<N>(n)(p, all.taps[t].x + static_cast<ptrdiff_t>(b * all.blockStride) + i, 0, g, fresh, count);
        g += count * n * N * V;
        i += count * n;
      }
    }
  }
}

static void tile(const Inputs& all, const Pixels& p, int32_t vectors, float* g, bool fresh) {
  switch (vectors) {
    case 1: return tileOf<1>(all, p, g, fresh);
    case 2: return tileOf<2>(all, p, g, fresh);
    case 3: return tileOf<3>(all, p, g, fresh);
    default: return tileOf<4>(all, p, g, fresh);
  }
}

KERNEL void execute(const OuterOp& op, const Context& c) {
  const Tile* tiles = op.tiles();
  const Inputs all{op.taps(), op.tapCount, op.blocks, op.blockSize, op.lastBlock, static_cast<size_t>(op.in.block)};
  Pixels p{};
  p.x = c.at(op.in, 0);
  p.d = c.at(op.out, 0);
  p.images = c.images;
  p.height = op.height;
  p.width = op.width;
  p.xImage = op.in.image;
  p.xRow = op.rowStep;
  p.xPixel = op.pixelStep;
  p.dImage = op.out.image;
  p.dRow = op.out.row;
  p.dPixel = op.out.pixel;
  for (int32_t t = 0; t < op.tileCount; t++) {
    for (int32_t j = 0; j < tiles[t].vectors; j++) p.dVector[j] = vectorOffset(op.out, tiles[t].first + j);
    tile(all, p, tiles[t].vectors, c.gradient(op.gradient) + tiles[t].weights, c.firstGroup());
  }
}

KERNEL void columnSum(const ColumnSumOp& op, const Context& c) {
  constexpr int perBlock = blockChannels / V;
  float* g = c.gradient(op.gradient);
  for (int32_t v = 0; v < op.blocks * perBlock; v++) {
    vf sum = c.firstGroup() ? zero() : load(g + v * V);
    for (int32_t image = 0; image < c.images; image++) {
      const float* row = c.at(op.in, image) + vectorOffset(op.in, v);
      vf parts[2] = {zero(), zero()};
      for (int32_t h = 0; h < op.height; h++, row += op.in.row) {
        inTwoParts(op.width, [&](int part, int32_t w) { parts[part] += load(row + static_cast<size_t>(w) * op.in.pixel); });
      }
      sum += parts[0] + parts[1];
    }
    store(g + v * V, sum);
  }
}

}  // namespace outer
