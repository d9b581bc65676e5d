// opActivate: out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part optional. Its backward passes are in activation_back.h.
//
// The kernels take a band of rows at a time. Every combination of the optional parts has loops of its own: short functions whose few constants
// stay in registers.
#pragma once
#include "context.h"
#include "random.h"

namespace activation {
using namespace simd;
constexpr int perBlock = blockChannels / V;

// The tables of one batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167), at one vector of channels; its output is x · scale + shift.
struct Normalizer {
  vf scale, shift, mean, inverse, meanDy, meanDyX;

  static Normalizer read(const Context& c, int32_t tables, int32_t blocks, int32_t v) {
    const float* t = c.arena + tables + v * V;
    const size_t row = static_cast<size_t>(blocks) * blockChannels;
    return {load(t), load(t + row), load(t + 2 * row), load(t + 3 * row), load(t + 4 * row), load(t + 5 * row)};
  }
};

// Dropout of one output vector. The random number of an element is that of its index in [sample, channel, row, column].
struct Dropout {
  rng::Key key;
  vu lane;
  vu threshold;
  vf scale;
  uint32_t rowSize;

  Dropout(const Activation& a, const Context& c, int32_t image, int32_t v, uint32_t height, uint32_t width) {
    key = rng::key(static_cast<uint32_t>(c.program->seed), streamDropout, c.globalStep(), static_cast<uint32_t>(a.dropoutIndex));
    const uint32_t sample = static_cast<uint32_t>(c.taskFirst + c.groupFirst + image), pixels = height * width;
    lane = (iota() + broadcast(static_cast<uint32_t>(v * V))) * broadcast(pixels) +
           broadcast(sample * static_cast<uint32_t>(a.channels) * pixels);
    threshold = broadcast(a.dropoutThreshold);
    scale = broadcast(a.dropoutScale);
    rowSize = width;
  }
  vf apply(vf x, uint32_t y, uint32_t column) const {
    const vu random = rng::bits(key, lane + broadcast(y * rowSize + column)) >> 8;
    return random >= threshold ? x * scale : zero();
  }
};

// Floats of a band of one block of channels. All vectors of the block go through a band before the next one begins, over the same cache lines:
// several bands fit the first-level cache.
constexpr int bandFloats = 2048;

// One vector of channels of some rows: in a feature map, or in a buffer.
struct Plane {
  float* at;
  size_t row, pixel;

  Plane(float* first, size_t rowStep, size_t pixelStep) : at(first), row(rowStep), pixel(pixelStep) {}
  Plane(float* image, const View& view, int32_t y) : at(image + static_cast<size_t>(y) * view.row), row(view.row), pixel(view.pixel) {}
  float* to(int32_t y, int32_t x) const { return at + static_cast<size_t>(y) * row + static_cast<size_t>(x) * pixel; }
  vf get(int32_t y, int32_t x) const { return load(to(y, x)); }
  void set(int32_t y, int32_t x, vf v) const { store(to(y, x), v); }
};

struct Size {
  int32_t rows, width;
};

// f(y, x) for every pixel.
template <class F>
KERNEL void each(Size size, const F f) {
  for (int32_t y = 0; y < size.rows; y++) {
    for (int32_t x = 0; x < size.width; x++) f(y, x);
  }
}

// The second addend: none, a feature map as it is, or a normalized one.
enum class Skip { none, plain, normalized };

// The values before relu: normalize(in) + normalize(skip).
template <bool Norm, Skip S>
struct Values {
  Plane z, k;
  vf scale, shift, skipScale, skipShift;

  vf get(int32_t y, int32_t x) const {
    vf s = Norm ? fma(z.get(y, x), scale, shift) : z.get(y, x);
    if (S == Skip::plain) s += k.get(y, x);
    if (S == Skip::normalized) s += fma(k.get(y, x), skipScale, skipShift);
    return s;
  }
};

// The maximum of each 2×2 window.
template <class Values>
static inline vf pooled(const Values& s, int32_t y, int32_t x) {
  return max(max(s.get(2 * y, 2 * x), s.get(2 * y, 2 * x + 1)), max(s.get(2 * y + 1, 2 * x), s.get(2 * y + 1, 2 * x + 1)));
}

// Some rows of one vector of channels of an image. Planes of a band count y from its first row.
struct Band {
  const Activation& a;
  const Context& c;
  int32_t image, v, first, last;  // rows of the output

  int32_t firstIn() const { return a.pool ? 2 * first : first; }
  Size out() const { return {last - first, a.pool ? a.width / 2 : a.width}; }
  // The last band of an odd height includes the row that the pool drops.
  Size in() const {
    const bool dropped = a.pool && (a.height & 1) && last == a.height / 2;
    return {a.pool ? 2 * (last - first) + dropped : last - first, a.width};
  }
  float* vectorOf(const View& view) const { return c.at(view, image) + vectorOffset(view, v); }
  Plane outputs(const View& view) const { return {vectorOf(view), view, first}; }
  Plane inputs(const View& view) const { return {vectorOf(view), view, firstIn()}; }
  Normalizer normalizer(int32_t tables) const { return Normalizer::read(c, tables, a.blocks, v); }

  template <bool Norm, Skip S>
  Values<Norm, S> values() const {
    Normalizer norm, skip;
    if (Norm) norm = normalizer(a.normalize);
    if (S == Skip::normalized) skip = normalizer(a.skipNormalize);
    return {inputs(a.in), inputs(S == Skip::none ? a.in : a.skip), norm.scale, norm.shift, skip.scale, skip.shift};
  }
};

// Calls f(band) for every band of the group's images.
template <class F>
static void bands(const Activation& a, const Context& c, F&& f) {
  const int32_t height = a.pool ? a.height / 2 : a.height, fit = bandFloats / (a.width * blockChannels);
  const int32_t rows = a.pool ? (fit < 2 ? 1 : fit / 2) : (fit < 1 ? 1 : fit);
  for (int32_t image = 0; image < c.images; image++) {
    for (int32_t block = 0; block < a.blocks; block++) {
      for (int32_t y = 0; y < height; y += rows) {
        for (int32_t j = 0; j < perBlock; j++) f(Band{a, c, image, block * perBlock + j, y, y + rows < height ? y + rows : height});
      }
    }
  }
}

template <bool Norm, Skip S, class F>
KERNEL void call(const F& f) {
  f.template operator()<Norm, S>();
}

// Calls f.template operator()<Norm, Skip>() with the parts that the activation has.
template <class F>
static void specialize(const Activation& a, const F& f) {
  const bool norm = a.normalize >= 0;
  if (!a.hasSkip) norm ? call<true, Skip::none>(f) : call<false, Skip::none>(f);
  else if (a.skipNormalize < 0) norm ? call<true, Skip::plain>(f) : call<false, Skip::plain>(f);
  else norm ? call<true, Skip::normalized>(f) : call<false, Skip::normalized>(f);
}

// to = dropout(from) for the outputs of a band.
static void drop(const Band& band, Plane from, Plane to) {
  const int32_t y0 = band.first;
  const Dropout dropout(band.a, band.c, band.image, band.v, band.a.pool ? band.a.height / 2 : band.a.height, band.out().width);
  each(band.out(), [=](int32_t y, int32_t x) { to.set(y, x, dropout.apply(from.get(y, x), y0 + y, x)); });
}

KERNEL void execute(const ActivateOp& op, const Context& c) {
  const Activation& a = op.a;
  specialize(a, [&]<bool Norm, Skip S>() {
    bands(a, c, [&](const Band& band) {
      const auto s = band.values<Norm, S>();
      const Plane to = band.outputs(a.out);
      if (a.pool && a.relu) each(band.out(), [=](int32_t y, int32_t x) { to.set(y, x, max(pooled(s, y, x), zero())); });
      else if (a.pool) each(band.out(), [=](int32_t y, int32_t x) { to.set(y, x, pooled(s, y, x)); });
      else if (a.relu) each(band.out(), [=](int32_t y, int32_t x) { to.set(y, x, max(s.get(y, x), zero())); });
      else each(band.out(), [=](int32_t y, int32_t x) { to.set(y, x, s.get(y, x)); });
      if (a.dropoutIndex >= 0) drop(band, to, to);
    });
  });
}

}  // namespace activation
