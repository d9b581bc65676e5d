// opWinograd, opWinogradOuter, opWinogradWeights: 3×3 convolutions of stride 1 by Winograd's minimal filtering F(M×M, 3×3), Lavin and Gray
// 2016 (arXiv 1509.09308): (M + 2)² multiplications for an output tile of M×M pixels instead of 9 M².
//
// With the matrices B (side×side), G (side×3) and A (side×M) of `Filtering`, for a side×side input tile d, weights w and an M×M tile of output
// gradients dy:
//   y  = Aᵀ [Σ over i of (G w Gᵀ) ⊙ (Bᵀ d B)] A
//   dw = Gᵀ [Σ over tiles of (Bᵀ d B) ⊙ (A dy Aᵀ)] G
// The products ⊙ at one of the side² positions are a matrix product over channels or tiles: the kernels of dot.h and outer.h.
#pragma once
#include "dot.h"
#include "filtering.h"
#include "outer.h"

namespace winograd {
using namespace simd;

// The output tiles of a group: M×M outputs each, image by image and row by row. Each has one window of inputs.
template <int M>
struct Grid {
  int32_t down, across;

  Grid(int32_t height, int32_t width) : down((height + M - 1) / M), across((width + M - 1) / M) {}
  int32_t tiles() const { return down * across; }
  int32_t image(int32_t t) const { return t / tiles(); }
  int32_t y(int32_t t) const { return M * (t / across % down); }
  int32_t x(int32_t t) const { return M * (t % across); }
};

// The rows or columns of a window that lie in the image or its border of zeros.
struct Window {
  int32_t from, to;

  Window(int32_t first, int32_t size, int32_t pixels, int32_t border) : from(-border - first), to(pixels + border - first) {
    if (from < 0) from = 0;
    if (to > size) to = size;
  }
  bool has(int32_t i) const { return i >= from && i < to; }
};

// Transforms windows of From×From pixels of `count` tiles: to[block][position][tile][16].
template <int M, int From, void (*transform)(const vf (&)[From], vf (&)[Filtering<M>::side])>
KERNEL void windows(const Context& c, const WinogradSource& s, const Grid<M>& grid, int32_t first, int32_t count, float* to, size_t plane) {
  constexpr int side = Filtering<M>::side, perBlock = blockChannels / V;
  const int32_t vectors = (s.blocks - 1) * perBlock + (s.lastBlock + V - 1) / V;
  for (int32_t t = 0; t < count; t++) {
    const int32_t y = grid.y(first + t) + s.origin, x = grid.x(first + t) + s.origin;
    const Window rows(y, From, s.height, s.border), columns(x, From, s.width, s.border);
    const bool whole = rows.from == 0 && rows.to == From && columns.from == 0 && columns.to == From;
    const float* image = c.at(s.view, grid.image(first + t)) + static_cast<ptrdiff_t>(y) * s.view.row + static_cast<ptrdiff_t>(x) * s.view.pixel;
    for (int32_t v = 0; v < vectors; v++) {
      const float* from = image + vectorOffset(s.view, v);
      float* target = to + v / perBlock * (side * side) * plane + t * blockChannels + v % perBlock * V;
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

// Floats from one position to the next: an odd number of cache lines, or all positions would fall into the same cache sets.
static inline size_t planeOf(size_t size) { return ((size + blockChannels - 1) / blockChannels | 1) * blockChannels; }

// m[position][tile][o] = Σ over i of v[position][tile][i] · u[position][i][o]
KERNEL void multiply(const WinogradOp& op, const Context& c, int positions, const float* v, float* m, size_t plane, int32_t count) {
  const Tile* tiles = op.tiles();
  const Tap tap{0, 0};
  const int32_t inputs = (op.in.blocks - 1) * blockChannels + op.in.lastBlock;
  const dot::Reduction r{&tap, 1, op.in.blocks, blockChannels, op.in.lastBlock, positions * plane, blockChannels};
  const dot::Row rows[4] = {{count, 1, blockChannels}, {count, 2, blockChannels}, {count, 3, blockChannels}, {count, 4, blockChannels}};
  View view{};
  view.block = static_cast<int32_t>(positions * plane);
  dot::Output out{};
  out.pixel = blockChannels;
  for (int32_t t = 0; t < op.tileCount; t++) {
    const Tile& tile = tiles[t];
    for (int32_t j = 0; j < tile.vectors; j++) out.vector[j] = vectorOffset(view, tile.first + j);
    const size_t uPlane = planeOf(static_cast<size_t>(inputs) * tile.vectors * V);
    for (int32_t position = 0; position < positions; position++) {
      rows[tile.vectors - 1].each(v + position * plane, c.arena + op.weights + tile.weights + position * uPlane, r, out, m + position * plane);
    }
  }
}

template <int M>
KERNEL void convolve(const WinogradOp& op, const Context& c) {
  constexpr int side = Filtering<M>::side, positions = Filtering<M>::positions, perBlock = blockChannels / V;
  const Tile* tiles = op.tiles();
  const Tile& last = tiles[op.tileCount - 1];
  const int32_t vectors = last.first + last.vectors;
  const size_t plane = planeOf(op.chunk * blockChannels);
  float* v = c.threadMemory + op.scratch;
  float* m = v + op.in.blocks * positions * plane;
  const Grid<M> grid(op.height, op.width);
  const int32_t all = c.images * grid.tiles();
  for (int32_t first = 0; first < all; first += op.chunk) {
    const int32_t count = all - first < op.chunk ? all - first : op.chunk;
    windows<M, side, Filtering<M>::input>(c, op.in, grid, first, count, v, plane);
    multiply(op, c, positions, v, m, plane, count);
    for (int32_t t = 0; t < count; t++) {
      const int32_t top = grid.y(first + t), left = grid.x(first + t), rows = op.height - top, columns = op.width - left;
      const bool whole = rows >= M && columns >= M;
      float* image = c.at(op.out, grid.image(first + t)) + static_cast<size_t>(top) * op.out.row + static_cast<size_t>(left) * op.out.pixel;
      for (int32_t o = 0; o < vectors; o++) {
        const float* from = m + o / perBlock * positions * plane + t * blockChannels + o % perBlock * V;
        float* y = image + vectorOffset(op.out, o);
        const vf bias = op.bias >= 0 ? load(c.arena + op.bias + o * V) : zero();
        const auto read = [&](int r, int k) { return load(from + (r * side + k) * plane); };
        const auto write = [&](int r, int k, vf value) {
          value += bias;
          if (op.relu) value = max(value, zero());
          float* to = y + r * op.out.row + k * op.out.pixel;
          store(to, op.accumulate ? value + load(to) : value);
        };
        if (whole) {
          both<side, M, Filtering<M>::output>(read, write);
        } else {
          both<side, M, Filtering<M>::output>(read, [&](int r, int k, vf value) {
            if (r < rows && k < columns) write(r, k, value);
          });
        }
      }
    }
  }
}

// The place of tile t among the transformed ones, as src/engine/cpu/memory/winograd-weights.ts has it.
template <int M>
static inline size_t tileOffset(const Tile& tile, int32_t t) {
  return Filtering<M>::positions * (static_cast<size_t>(tile.weights / (taps * taps)) + t * 2 * blockChannels);
}

// Weight gradients: every group of a task adds to the transformed sums, the last one transforms them back.
template <int M>
KERNEL void outer(const WinogradOuterOp& op, const Context& c) {
  constexpr int side = Filtering<M>::side, positions = Filtering<M>::positions;
  const Tile* tiles = op.tiles();
  const size_t plane = planeOf(op.chunk * blockChannels);
  float* v = c.threadMemory + op.scratch;
  float* d = v + op.in.blocks * positions * plane;
  float* u = c.threadMemory + op.sums;
  const size_t inputs = (op.in.blocks - 1) * blockChannels + op.in.lastBlock;
  const Tap tap{0, 0};
  const ::outer::Inputs all{&tap, 1, op.in.blocks, blockChannels, op.in.lastBlock, positions * plane};
  View view{};
  view.block = static_cast<int32_t>(positions * plane);
  const Grid<M> grid(op.height, op.width);
  const int32_t windowsOfAll = c.images * grid.tiles();
  for (int32_t first = 0; first < windowsOfAll; first += op.chunk) {
    const int32_t count = windowsOfAll - first < op.chunk ? windowsOfAll - first : op.chunk;
    windows<M, side, Filtering<M>::input>(c, op.in, grid, first, count, v, plane);
    windows<M, M, Filtering<M>::gradient>(c, op.out, grid, first, count, d, plane);
    for (int32_t t = 0; t < op.tileCount; t++) {
      const size_t uPlane = planeOf(inputs * tiles[t].vectors * V);
      ::outer::Pixels p{};
      p.images = p.height = 1;
      p.width = count;
      p.xPixel = p.dPixel = blockChannels;
      for (int32_t j = 0; j < tiles[t].vectors; j++) p.dVector[j] = vectorOffset(view, tiles[t].first + j);
      for (int32_t position = 0; position < positions; position++) {
        p.x = v + position * plane;
        p.d = d + position * plane;
        ::outer::tile(all, p, tiles[t].vectors, u + tileOffset<M>(tiles[t], t) + position * uPlane, first == 0 && c.firstGroup());
      }
    }
  }
  if (!c.lastGroup()) return;
  for (int32_t t = 0; t < op.tileCount; t++) {
    const float* from = u + tileOffset<M>(tiles[t], t);
    float* to = c.gradient(op.gradient) + tiles[t].weights;
    const size_t size = inputs * tiles[t].vectors * V, uPlane = planeOf(size);
    for (size_t i = 0; i < size; i += V) {
      both<side, taps, Filtering<M>::filterGradient>([&](int r, int k) { return load(from + (r * side + k) * uPlane + i); },
                                                     [&](int r, int k, vf value) { store(to + (r * taps + k) * size + i, value, c.streamingVectors()); });
    }
  }
}

// u[position][i][o] = G w Gᵀ for a part of one tile's [i][o].
template <int M>
KERNEL void weights(const WinogradWeightsOp& op, const Context& c) {
  constexpr int side = Filtering<M>::side, positions = Filtering<M>::positions;
  const float* from = c.arena + op.from;
  float* to = c.arena + op.to;
  const size_t size = op.size, uPlane = planeOf(size);
  const int last = taps * taps - 1;
  // A cache line of each position at a time: positions are pages apart.
  constexpr int perLine = blockChannels / V;
  vf line[positions][perLine];
  constexpr int ahead = 4;  // cache lines
  for (int32_t row = op.row; row < op.row + op.rows; row++) {
    const size_t begin = static_cast<size_t>(row) * op.width + op.column, end = begin + op.columns;
    for (size_t i = begin; i < end; i += perLine * V) {
      const int vectors = end - i < perLine * V ? static_cast<int>(end - i) / V : perLine;
      for (int position = 0; !c.streaming && position < positions; position++) willWrite(to + position * uPlane + i + ahead * blockChannels);
      for (int j = 0; j < vectors; j++) {
        both<taps, side, Filtering<M>::filter>(
            [&](int r, int k) {
              const int tap = r * taps + k;
              return load(from + (op.flip ? last - tap : tap) * size + i + j * V);
            },
            [&](int r, int k, vf value) { line[r * side + k][j] = value; });
      }
      for (int position = 0; position < positions; position++) {
        for (int j = 0; j < vectors; j++) store(to + position * uPlane + i + j * V, line[position][j], c.streaming);
      }
    }
  }
}

// Calls f<M>() with M = side.
template <class F>
static inline void bySide(int32_t side, F&& f) {
  switch (side) {
    case 3: return f.template operator()<3>();
    case 4: return f.template operator()<4>();
    case 5: return f.template operator()<5>();
    default: return f.template operator()<7>();
  }
}

static void execute(const WinogradOp& op, const Context& c) {
  bySide(op.tileSide, [&]<int M>() { convolve<M>(op, c); });
}
static void execute(const WinogradOuterOp& op, const Context& c) {
  bySide(op.tileSide, [&]<int M>() { outer<M>(op, c); });
}
static void execute(const WinogradWeightsOp& op, const Context& c) {
  bySide(op.tileSide, [&]<int M>() { weights<M>(op, c); });
}

}  // namespace winograd
