// opActivate and its backward passes: out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part optional.
// The backward passes recompute the forward values from `in` and `skip`, which costs less than storing them.
//
// Batch norm (Ioffe and Szegedy 2015): x̂ = (x − mean) · inverse, y = scale · x̂ + …, kept as y = x · scale + shift;
//   dx = scale · (dy − mean(dy) − x̂ · mean(dy · x̂)).
#pragma once
#include "context.h"
#include "random.h"

namespace activation {
using namespace simd;
constexpr int perBlock = blockChannels / V;

// The tables of one batch norm, at one vector of channels.
struct Normalizer {
  vf scale, shift, mean, inverse, meanDy, meanDyX;

  static Normalizer read(const Context& c, int32_t tables, int32_t blocks, int32_t v) {
    const float* t = c.arena + tables + v * V;
    const size_t row = static_cast<size_t>(blocks) * blockChannels;
    return {load(t), load(t + row), load(t + 2 * row), load(t + 3 * row), load(t + 4 * row), load(t + 5 * row)};
  }
  vf apply(vf x) const { return fma(x, scale, shift); }
  vf normalized(vf x) const { return (x - mean) * inverse; }
  vf back(vf x, vf dy) const { return scale * (dy - meanDy - normalized(x) * meanDyX); }
};

// Which elements of an output vector survive; the element's number is the one it has in [sample, channel, row, column].
struct Dropout {
  rng::Key key;
  vu lane;
  vu threshold;
  vf scale;
  uint32_t rowSize;

  Dropout(const Activation& a, const Context& c, int32_t image, int32_t v, uint32_t height, uint32_t width) {
    key = rng::key(static_cast<uint32_t>(c.program->seed), rng::streamDropout, c.globalStep(), static_cast<uint32_t>(a.dropoutIndex));
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

// The value before relu of one vector.
template <bool Norm>
struct Input {
  const float* z;
  const float* k;
  size_t zRow, zPixel, kRow, kPixel;
  Normalizer norm, skipNorm;
  bool hasSkip, skipNormalize;

  Input(const Activation& a, const Context& c, int32_t image, int32_t v) {
    z = c.at(a.in, image) + vectorOffset(a.in, v);
    zRow = a.in.row;
    zPixel = a.in.pixel;
    hasSkip = a.hasSkip;
    skipNormalize = a.hasSkip && a.skipNormalize >= 0;
    k = hasSkip ? c.at(a.skip, image) + vectorOffset(a.skip, v) : z;
    kRow = a.skip.row;
    kPixel = a.skip.pixel;
    if (Norm) norm = Normalizer::read(c, a.normalize, a.blocks, v);
    if (skipNormalize) skipNorm = Normalizer::read(c, a.skipNormalize, a.blocks, v);
  }
  vf raw(int32_t y, int32_t x) const { return load(z + y * zRow + x * zPixel); }
  vf rawSkip(int32_t y, int32_t x) const { return load(k + y * kRow + x * kPixel); }
  vf value(int32_t y, int32_t x) const {
    vf s = Norm ? norm.apply(raw(y, x)) : raw(y, x);
    if (hasSkip) s += skipNormalize ? skipNorm.apply(rawSkip(y, x)) : rawSkip(y, x);
    return s;
  }
};

// Rows of the output that are worked on for one vector of channels, before the next vector of the same block takes its turn over the
// same cache lines.
struct Band {
  int32_t first, last;
};

// Calls f(image, v, band) for everything: the whole image at once where a vector is a block, else what stays in the first-level cache.
template <class F>
static void bands(const Activation& a, const Context& c, F&& f) {
  constexpr int32_t bandFloats = 1024;
  const int32_t height = a.pool ? a.height / 2 : a.height;
  const int32_t fit = bandFloats / (a.width * blockChannels), rows = perBlock == 1 ? height : fit < 1 ? 1 : fit;
  for (int32_t image = 0; image < c.images; image++) {
    for (int32_t block = 0; block < a.blocks; block++) {
      for (int32_t y = 0; y < height; y += rows) {
        const Band band{y, y + rows < height ? y + rows : height};
        for (int32_t j = 0; j < perBlock; j++) f(image, block * perBlock + j, band);
      }
    }
  }
}

// `a` by value, here and below: the compiler then knows that no store changes it.
template <bool Norm>
static void forward(const Activation a, const Context& c) {
  const int32_t height = a.pool ? a.height / 2 : a.height, width = a.pool ? a.width / 2 : a.width;
  bands(a, c, [&](int32_t image, int32_t v, Band band) {
    const Input<Norm> in(a, c, image, v);
    const Dropout drop(a, c, image, v, height, width);
    float* out = c.at(a.out, image) + vectorOffset(a.out, v) + static_cast<size_t>(band.first) * a.out.row;
    for (int32_t y = band.first; y < band.last; y++, out += a.out.row) {
      for (int32_t x = 0; x < width; x++) {
        vf s;
        if (a.pool) {
          s = max(max(in.value(2 * y, 2 * x), in.value(2 * y, 2 * x + 1)), max(in.value(2 * y + 1, 2 * x), in.value(2 * y + 1, 2 * x + 1)));
        } else {
          s = in.value(y, x);
        }
        if (a.relu) s = max(s, zero());
        if (a.dropoutIndex >= 0) s = drop.apply(s, y, x);
        store(out + static_cast<size_t>(x) * a.out.pixel, s);
      }
    }
  });
}

static void execute(const ActivateOp& op, const Context& c) {
  if (op.a.normalize >= 0) forward<true>(op.a, c);
  else forward<false>(op.a, c);
}

// Calls f(y, x, dy) for every input pixel of a band, dy being the gradient of the sum before relu.
template <bool Norm, class F>
static void routed(const Activation a, const Context& c, const Input<Norm>& in, int32_t image, int32_t v, Band band, F&& f) {
  const int32_t height = a.pool ? a.height / 2 : a.height, width = a.pool ? a.width / 2 : a.width;
  const Dropout drop(a, c, image, v, height, width);
  const float* dOut = c.at(a.out, image) + vectorOffset(a.out, v);
  const auto gradient = [&](int32_t y, int32_t x) {
    const vf d = load(dOut + static_cast<size_t>(y) * a.out.row + static_cast<size_t>(x) * a.out.pixel);
    return a.dropoutIndex >= 0 ? drop.apply(d, y, x) : d;
  };
  if (!a.pool) {
    const float* result = a.hasResult ? c.at(a.result, image) + vectorOffset(a.result, v) : nullptr;
    for (int32_t y = band.first; y < band.last; y++) {
      for (int32_t x = 0; x < width; x++) {
        vf d = gradient(y, x);
        if (a.relu) {
          const vf s = result ? load(result + static_cast<size_t>(y) * a.result.row + static_cast<size_t>(x) * a.result.pixel) : in.value(y, x);
          d = s > zero() ? d : zero();
        }
        f(y, x, d);
      }
    }
    return;
  }
  for (int32_t y = band.first; y < band.last; y++) {
    for (int32_t x = 0; x < width; x++) {
      const vf s0 = in.value(2 * y, 2 * x), s1 = in.value(2 * y, 2 * x + 1);
      const vf s2 = in.value(2 * y + 1, 2 * x), s3 = in.value(2 * y + 1, 2 * x + 1);
      const vf m = max(max(s0, s1), max(s2, s3));
      vf d = gradient(y, x);
      if (a.relu) d = m > zero() ? d : zero();
      // The first maximum in row order takes all.
      const vf d0 = s0 == m ? d : zero();
      d = s0 == m ? zero() : d;
      const vf d1 = s1 == m ? d : zero();
      d = s1 == m ? zero() : d;
      const vf d2 = s2 == m ? d : zero();
      d = s2 == m ? zero() : d;
      f(2 * y, 2 * x, d0);
      f(2 * y, 2 * x + 1, d1);
      f(2 * y + 1, 2 * x, d2);
      f(2 * y + 1, 2 * x + 1, d);
    }
  }
  // An odd last column or row was dropped by the pool.
  if (a.width & 1) {
    for (int32_t y = 2 * band.first; y < 2 * band.last; y++) f(y, a.width - 1, zero());
  }
  if ((a.height & 1) && band.last == height) {
    for (int32_t x = 0; x < a.width; x++) f(a.height - 1, x, zero());
  }
}

// Adds a vector of floats to V doubles.
static inline void addDoubles(double* sums, vf v) {
  for (int i = 0; i < V; i++) sums[i] += v[i];
}

static void reduce(const ActivateBackOp& op, const Context& c) {
  const Activation a = op.a;
  const size_t row = static_cast<size_t>(a.blocks) * blockChannels;
  double* sums = c.sums(op.sums, c.task);
  if (c.firstGroup()) {
    for (size_t i = 0; i < 3 * row; i++) sums[i] = 0;
  }
  bands(a, c, [&](int32_t image, int32_t v, Band band) {
    const Input<true> in(a, c, image, v);
    vf dy = zero(), dyX = zero(), dySkip = zero();
    routed<true>(a, c, in, image, v, band, [&](int32_t y, int32_t x, vf d) {
      dy += d;
      dyX = fma(d, in.norm.normalized(in.raw(y, x)), dyX);
      if (in.skipNormalize) dySkip = fma(d, in.skipNorm.normalized(in.rawSkip(y, x)), dySkip);
    });
    addDoubles(sums + v * V, dy);
    addDoubles(sums + row + v * V, dyX);
    addDoubles(sums + 2 * row + v * V, dySkip);
  });
}

template <bool Norm>
static void applyBack(const ActivateBackOp op, const Context& c) {
  const Activation& a = op.a;
  bands(a, c, [&](int32_t image, int32_t v, Band band) {
    const Input<Norm> in(a, c, image, v);
    float* dIn = op.hasDIn ? c.at(op.dIn, image) + vectorOffset(op.dIn, v) : nullptr;
    float* dSkip = op.hasDSkip ? c.at(op.dSkip, image) + vectorOffset(op.dSkip, v) : nullptr;
    routed<Norm>(a, c, in, image, v, band, [&](int32_t y, int32_t x, vf d) {
      if (dIn) {
        float* p = dIn + static_cast<size_t>(y) * op.dIn.row + static_cast<size_t>(x) * op.dIn.pixel;
        const vf s = Norm ? in.norm.back(in.raw(y, x), d) : d;
        store(p, op.accumulateDIn ? load(p) + s : s);
      }
      if (dSkip) {
        float* p = dSkip + static_cast<size_t>(y) * op.dSkip.row + static_cast<size_t>(x) * op.dSkip.pixel;
        const vf s = in.skipNormalize ? in.skipNorm.back(in.rawSkip(y, x), d) : d;
        store(p, op.accumulateDSkip ? load(p) + s : s);
      }
    });
  });
}

static void back(const ActivateBackOp& op, const Context& c) {
  if (op.a.normalize >= 0) applyBack<true>(op, c);
  else applyBack<false>(op, c);
}

}  // namespace activation
