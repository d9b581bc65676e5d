// opWinograd, opWinogradOuter, opWinogradWeights: 3×3 convolutions of stride 1 by Winograd's minimal filtering F(4×4, 3×3), Lavin and Gray
// 2016 (arXiv 1509.09308): 36 multiplications for a tile of 4×4 outputs instead of 144. The interpolation points are 0, ±√½, ±√2
// and infinity: their rounding error is a third of that of the customary 0, ±1, ±2.
//
// With matrices B (6×6), G (6×3), A (6×4) below, for a 6×6 input tile d, weights w and a 4×4 tile of output gradients dy:
//   y  = Aᵀ [Σ over i of (G w Gᵀ) ⊙ (Bᵀ d B)] A
//   dw = Gᵀ [Σ over tiles of (Bᵀ d B) ⊙ (A dy Aᵀ)] G
// The products ⊙ at one of the 36 positions are a matrix product over channels or tiles: the kernels of dot.h and outer.h.
#pragma once
#include "dot.h"
#include "outer.h"

namespace winograd {
using namespace simd;

constexpr int side = 6, outputs = 4, taps = 3, positions = side * side;
constexpr float a = 0.70710678f, b = 1.41421356f;  // the points, √½ and √2

// Bᵀ d
static inline void input(const vf (&d)[6], vf (&v)[6]) {
  const vf even1 = fma(d[2], -2.0f, d[4]), odd1 = fma(d[3], a, d[1] * -b);
  const vf even2 = fma(d[2], -0.5f, d[4]), odd2 = fma(d[3], b, d[1] * -a);
  v[0] = fma(d[2], -2.5f, d[0] + d[4]);
  v[1] = even1 + odd1;
  v[2] = even1 - odd1;
  v[3] = even2 + odd2;
  v[4] = even2 - odd2;
  v[5] = fma(d[3], -2.5f, d[1] + d[5]);
}

// Aᵀ m
static inline void output(const vf (&m)[6], vf (&y)[4]) {
  const vf sum1 = m[1] + m[2], difference1 = m[1] - m[2], sum2 = m[3] + m[4], difference2 = m[3] - m[4];
  y[0] = m[0] + sum1 + sum2;
  y[1] = fma(difference1, a, difference2 * b);
  y[2] = fma(sum1, 0.5f, sum2 * 2.0f);
  y[3] = fma(difference1, 0.5f * a, fma(difference2, 2.0f * b, m[5]));
}

// A dy
static inline void gradient(const vf (&y)[4], vf (&v)[6]) {
  const vf even1 = fma(y[2], 0.5f, y[0]), odd1 = fma(y[3], 0.5f * a, y[1] * a);
  const vf even2 = fma(y[2], 2.0f, y[0]), odd2 = fma(y[3], 2.0f * b, y[1] * b);
  v[0] = y[0];
  v[1] = even1 + odd1;
  v[2] = even1 - odd1;
  v[3] = even2 + odd2;
  v[4] = even2 - odd2;
  v[5] = y[3];
}

// G w
static inline void filter(const vf (&w)[3], vf (&u)[6]) {
  const vf even1 = (-2.0f / 3) * (w[0] + 0.5f * w[2]), odd1 = (-2.0f / 3 * a) * w[1];
  const vf even2 = (1.0f / 6) * (w[0] + 2.0f * w[2]), odd2 = (1.0f / 6 * b) * w[1];
  u[0] = w[0];
  u[1] = even1 + odd1;
  u[2] = even1 - odd1;
  u[3] = even2 + odd2;
  u[4] = even2 - odd2;
  u[5] = w[2];
}

// Gᵀ u
static inline void filterGradient(const vf (&u)[6], vf (&w)[3]) {
  const vf sum1 = u[1] + u[2], sum2 = u[3] + u[4];
  w[0] = u[0] - (2.0f / 3) * sum1 + (1.0f / 6) * sum2;
  w[1] = (-2.0f / 3 * a) * (u[1] - u[2]) + (1.0f / 6 * b) * (u[3] - u[4]);
  w[2] = (1.0f / 3) * (sum2 - sum1) + u[5];
}

// How far a transform's loops are unrolled: only where its 36 vectors nearly fit the registers. V8 reads all of a straight line's first and then
// writes most of them to the stack.
constexpr int unrolled = tileRows(1) >= 28 ? side : 1;

// A transform of both dimensions: store(r, c, T X Tᵀ) of X = load(r, c).
template <int From, int To, void (*transform)(const vf (&)[From], vf (&)[To]), class Load, class Store>
static inline __attribute__((always_inline)) void both(Load load, Store store) {
  vf half[To * From];
#pragma GCC unroll unrolled
  for (int c = 0; c < From; c++) {
    vf in[From], out[To];
#pragma GCC unroll 6
    for (int r = 0; r < From; r++) in[r] = load(r, c);
    transform(in, out);
    vf* column = half + c;
#pragma GCC unroll 6
    for (int r = 0; r < To; r++) column[r * From] = out[r];
  }
#pragma GCC unroll unrolled
  for (int r = 0; r < To; r++) {
    const vf* row = half + r * From;
    vf in[From], out[To];
#pragma GCC unroll 6
    for (int c = 0; c < From; c++) in[c] = row[c];
    transform(in, out);
#pragma GCC unroll 6
    for (int c = 0; c < To; c++) store(r, c, out[c]);
  }
}

// Where tile t of a group lies: tiles of 4×4 outputs, image by image and row by row.
struct Place {
  int32_t image, y, x;

  Place(int32_t t, int32_t down, int32_t across) : image(t / (down * across)), y(4 * (t / across % down)), x(4 * (t % across)) {}
};

static inline int32_t tilesAlong(int32_t pixels) { return (pixels + outputs - 1) / outputs; }

// Pixels of a window that exist; a border of zeros does.
struct Window {
  int32_t from, to;

  Window(int32_t first, int32_t size, int32_t pixels, int32_t border) : from(-border - first), to(pixels + border - first) {
    if (from < 0) from = 0;
    if (to > size) to = size;
  }
  bool has(int32_t i) const { return i >= from && i < to; }
};

// Transforms windows of From×From pixels of `count` tiles: to[position][block][tile][16].
template <int From, void (*transform)(const vf (&)[From], vf (&)[side])>
KERNEL void windows(const Context& c, const WinogradSource& s, int32_t height, int32_t width, int32_t first, int32_t count, float* to,
                    size_t plane, int32_t chunk) {
  constexpr int perBlock = blockChannels / V;
  const int32_t down = tilesAlong(height), across = tilesAlong(width);
  const int32_t vectors = (s.blocks - 1) * perBlock + (s.lastBlock + V - 1) / V;
  for (int32_t t = 0; t < count; t++) {
    const Place place(first + t, down, across);
    const int32_t y = place.y + s.origin, x = place.x + s.origin;
    const Window rows(y, From, s.height, s.border), columns(x, From, s.width, s.border);
    const bool whole = rows.from == 0 && rows.to == From && columns.from == 0 && columns.to == From;
    const float* image = c.at(s.view, place.image) + static_cast<ptrdiff_t>(y) * s.view.row + static_cast<ptrdiff_t>(x) * s.view.pixel;
    for (int32_t v = 0; v < vectors; v++) {
      const float* from = image + vectorOffset(s.view, v);
      float* target = to + static_cast<size_t>(v / perBlock) * chunk * blockChannels + t * blockChannels + v % perBlock * V;
      const auto store = [&](int r, int k, vf value) { simd::store(target + (r * side + k) * plane, value); };
      if (whole) {
        both<From, side, transform>([&](int r, int k) { return load(from + r * s.view.row + k * s.view.pixel); }, store);
      } else {
        both<From, side, transform>(
            [&](int r, int k) { return rows.has(r) && columns.has(k) ? load(from + r * s.view.row + k * s.view.pixel) : zero(); }, store);
      }
    }
  }
}

// Floats from one position to the next: an odd number of cache lines, or all positions would fall into the same sets.
static inline size_t planeOf(int32_t blocks, int32_t chunk) { return (static_cast<size_t>(blocks) * chunk | 1) * blockChannels; }

// m[position][tile][o] = Σ over i of v[position][tile][i] · u[position][i][o]
KERNEL void multiply(const WinogradOp& op, const Context& c, const float* v, size_t vPlane, float* m, size_t mPlane, int32_t count) {
  const Tile* tiles = reinterpret_cast<const Tile*>(&op + 1);
  const Tap tap{0, 0};
  const int32_t inputs = (op.in.blocks - 1) * blockChannels + op.in.lastBlock;
  const dot::Reduction r{&tap, 1, op.in.blocks, blockChannels, op.in.lastBlock, static_cast<size_t>(op.chunk) * blockChannels, blockChannels};
  const dot::Row rows[4] = {{count, 1, blockChannels}, {count, 2, blockChannels}, {count, 3, blockChannels}, {count, 4, blockChannels}};
  View view{};
  view.block = op.chunk * blockChannels;
  dot::Output out{};
  out.pixel = blockChannels;
  for (int32_t position = 0; position < positions; position++) {
    for (int32_t t = 0; t < op.tiles; t++) {
      const Tile& tile = tiles[t];
      for (int32_t j = 0; j < tile.vectors; j++) out.vector[j] = vectorOffset(view, tile.first + j);
      const float* u = c.arena + tile.weights + static_cast<size_t>(position) * inputs * tile.vectors * V;
      rows[tile.vectors - 1].each(v + position * vPlane, u, r, out, m + position * mPlane);
    }
  }
}

KERNEL void execute(const WinogradOp& op, const Context& c) {
  constexpr int perBlock = blockChannels / V;
  const Tile* tiles = reinterpret_cast<const Tile*>(&op + 1);
  const Tile& last = tiles[op.tiles - 1];
  const int32_t vectors = last.first + last.vectors;
  const size_t vPlane = planeOf(op.in.blocks, op.chunk), mPlane = planeOf((vectors + perBlock - 1) / perBlock, op.chunk);
  float* v = c.threadMemory + op.scratch;
  float* m = v + positions * vPlane;
  const int32_t down = tilesAlong(op.height), across = tilesAlong(op.width), all = c.images * down * across;
  for (int32_t first = 0; first < all; first += op.chunk) {
    const int32_t count = all - first < op.chunk ? all - first : op.chunk;
    windows<side, input>(c, op.in, op.height, op.width, first, count, v, vPlane, op.chunk);
    multiply(op, c, v, vPlane, m, mPlane, count);
    for (int32_t t = 0; t < count; t++) {
      const Place place(first + t, down, across);
      const int32_t rows = op.height - place.y, columns = op.width - place.x;
      const bool whole = rows >= outputs && columns >= outputs;
      float* image = c.at(op.out, place.image) + static_cast<size_t>(place.y) * op.out.row + static_cast<size_t>(place.x) * op.out.pixel;
      for (int32_t o = 0; o < vectors; o++) {
        const float* from = m + static_cast<size_t>(o / perBlock) * op.chunk * blockChannels + t * blockChannels + o % perBlock * V;
        float* y = image + vectorOffset(op.out, o);
        const vf bias = op.bias >= 0 ? load(c.arena + op.bias + o * V) : zero();
        const auto read = [&](int r, int k) { return load(from + (r * side + k) * mPlane); };
        const auto write = [&](int r, int k, vf value) {
          value += bias;
          if (op.relu) value = max(value, zero());
          float* to = y + r * op.out.row + k * op.out.pixel;
          store(to, op.accumulate ? value + load(to) : value);
        };
        if (whole) {
          both<side, outputs, output>(read, write);
        } else {
          both<side, outputs, output>(read, [&](int r, int k, vf value) {
            if (r < rows && k < columns) write(r, k, value);
          });
        }
      }
    }
  }
}

// Weight gradients: every group adds to the transformed sums, a task's last one transforms them back.
KERNEL void outer(const WinogradOuterOp& op, const Context& c) {
  const Tile* tiles = reinterpret_cast<const Tile*>(&op + 1);
  const size_t vPlane = planeOf(op.in.blocks, op.chunk), dPlane = planeOf(op.out.blocks, op.chunk);
  float* v = c.threadMemory + op.scratch;
  float* d = v + positions * vPlane;
  float* u = c.threadMemory + op.sums;
  const size_t inputs = (op.in.blocks - 1) * blockChannels + op.in.lastBlock;
  const Tap tap{0, 0};
  const ::outer::Inputs all{&tap, 1, op.in.blocks, blockChannels, op.in.lastBlock, static_cast<size_t>(op.chunk) * blockChannels};
  View view{};
  view.block = op.chunk * blockChannels;
  const int32_t windowsOfAll = c.images * tilesAlong(op.height) * tilesAlong(op.width);
  for (int32_t first = 0; first < windowsOfAll; first += op.chunk) {
    const int32_t count = windowsOfAll - first < op.chunk ? windowsOfAll - first : op.chunk;
    windows<side, input>(c, op.in, op.height, op.width, first, count, v, vPlane, op.chunk);
    windows<outputs, gradient>(c, op.out, op.height, op.width, first, count, d, dPlane, op.chunk);
    for (int32_t position = 0; position < positions; position++) {
      ::outer::Pixels p{};
      p.x = v + position * vPlane;
      p.d = d + position * dPlane;
      p.images = p.height = 1;
      p.width = count;
      p.xPixel = p.dPixel = blockChannels;
      for (int32_t t = 0; t < op.tiles; t++) {
        for (int32_t j = 0; j < tiles[t].vectors; j++) p.dVector[j] = vectorOffset(view, tiles[t].first + j);
        float* tile = u + (positions / (taps * taps)) * static_cast<size_t>(tiles[t].weights);
        ::outer::tile(all, p, tiles[t].vectors, tile + position * inputs * tiles[t].vectors * V, first == 0 && c.firstGroup());
      }
    }
  }
  if (!c.lastGroup()) return;
  for (int32_t t = 0; t < op.tiles; t++) {
    const float* from = u + (positions / (taps * taps)) * static_cast<size_t>(tiles[t].weights);
    float* to = c.gradient(op.gradient) + tiles[t].weights;
    const size_t size = inputs * tiles[t].vectors * V;
    for (size_t i = 0; i < size; i += V) {
      both<side, taps, filterGradient>([&](int r, int k) { return load(from + (r * side + k) * size + i); },
                                       [&](int r, int k, vf value) { store(to + (r * taps + k) * size + i, value); });
    }
  }
}

// u[position][i][o] = G w Gᵀ for a range of one tile's [i][o].
KERNEL void weights(const WinogradWeightsOp& op, const Context& c) {
  const float* from = c.arena + op.from;
  float* to = c.arena + op.to;
  const size_t size = op.size;
  const int last = taps * taps - 1;
  for (int32_t i = op.first; i < op.first + op.count; i += V) {
    both<taps, side, filter>(
        [&](int r, int k) {
          const int tap = r * taps + k;
          return load(from + (op.flip ? last - tap : tap) * size + i);
        },
        [&](int r, int k, vf value) { store(to + (r * side + k) * size + i, value); });
  }
}

}  // namespace winograd
