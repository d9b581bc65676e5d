// The backward passes of opActivate: opActivateBackReduce makes sums for batch norm, opActivateBackApply the gradients of `in` and `skip`. Both
// compute the forward values a second time, which costs less than storing them. x̂ = (x − mean) · inverse.
#pragma once
#include "activation.h"

namespace activation {

// Memory for one vector of channels of a band.
struct Buffer {
  float values[(bandFloats / blockChannels + 2 * imageWidth) * V];

  Plane plane(int32_t width) { return {values, static_cast<size_t>(width) * V, V}; }
};

// A gradient behind a relu: d where `value` is above 0, else 0.
template <class Value>
struct Masked {
  Value value;
  Plane d;

  vf get(int32_t y, int32_t x) const { return value.get(y, x) > zero() ? d.get(y, x) : zero(); }
};

// From the gradients d of a pool's outputs to those of its inputs, before relu. The first maximum of a window, in row order, takes all.
template <class Values>
static inline void unpool(const Band& band, const Values s, const Plane d, const Plane to) {
  const vf least = broadcast(band.a.relu ? 0.0f : -__builtin_inff());
  each(band.out(), [=](int32_t y, int32_t x) {
    const vf s0 = s.get(2 * y, 2 * x), s1 = s.get(2 * y, 2 * x + 1), s2 = s.get(2 * y + 1, 2 * x), s3 = s.get(2 * y + 1, 2 * x + 1);
    const vf m = max(max(s0, s1), max(s2, s3));
    vf rest = m > least ? d.get(y, x) : zero();
    to.set(2 * y, 2 * x, s0 == m ? rest : zero());
    rest = s0 == m ? zero() : rest;
    to.set(2 * y, 2 * x + 1, s1 == m ? rest : zero());
    rest = s1 == m ? zero() : rest;
    to.set(2 * y + 1, 2 * x, s2 == m ? rest : zero());
    to.set(2 * y + 1, 2 * x + 1, s2 == m ? zero() : rest);
  });
  // The pool drops an odd last column or row.
  const Size in = band.in(), out = band.out();
  for (int32_t y = 0; y < in.rows; y++) {
    for (int32_t x = y < 2 * out.rows ? 2 * out.width : 0; x < in.width; x++) to.set(y, x, zero());
  }
}

// Calls f(d) with the gradients of a band before relu: d is a Plane or a Masked one. A pool's are written to `pooled` first.
template <bool Norm, Skip S, class F>
static inline void routed(const ActivateBackOp& op, const Band& band, Plane pooled, F&& f) {
  const Activation& a = op.a;
  Buffer kept;
  Plane d = band.outputs(a.out);
  if (a.dropoutIndex >= 0) {
    drop(band, d, kept.plane(band.out().width));
    d = kept.plane(band.out().width);
  }
  if (a.pool) {
    unpool(band, band.values<Norm, S>(), d, pooled);
    f(pooled);
  } else if (!a.relu) {
    f(d);
  } else if (S == Skip::plain && a.hasResult) {
    f(Masked<Plane>{band.outputs(a.result), d});
  } else {
    f(Masked<Values<Norm, S>>{band.values<Norm, S>(), d});
  }
}

// Adds Σ d to `sums`, where that is given, and Σ d · x̂ to `sumsX`, over a band.
template <class Gradient>
KERNEL void sum(Size size, const Gradient d, const Plane from, const Normalizer& n, double* sums, double* sumsX) {
  const vf mean = n.mean;
  vf dy[2] = {zero(), zero()}, dyX[2] = {zero(), zero()};
  for (int32_t y = 0; y < size.rows; y++) {
    inTwoParts(size.width, [&](int part, int32_t x) {
      const vf value = d.get(y, x);
      dy[part] += value;
      dyX[part] = fma(value, from.get(y, x) - mean, dyX[part]);
    });
  }
  if (sums) addDoubles(sums, dy[0] + dy[1]);
  addDoubles(sumsX, (dyX[0] + dyX[1]) * n.inverse);
}

KERNEL void reduce(const ActivateBackOp& op, const Context& c) {
  const Activation& a = op.a;
  const size_t row = static_cast<size_t>(a.blocks) * blockChannels;
  double* sums = c.sums(op.sums, c.task);
  if (c.firstGroup()) {
    for (size_t i = 0; i < 3 * row; i++) sums[i] = 0;
  }
  specialize(a, [&]<bool Norm, Skip S>() {
    if constexpr (!Norm) return;
    bands(a, c, [&](const Band& band) {
      Buffer buffer;
      double* to = sums + band.v * V;
      routed<Norm, S>(op, band, buffer.plane(a.width), [&](auto d) {
        sum(band.in(), d, band.inputs(a.in), band.normalizer(a.normalize), to, to + row);
        if (S == Skip::normalized) sum(band.in(), d, band.inputs(a.skip), band.normalizer(a.skipNormalize), nullptr, to + 2 * row);
      });
    });
  });
}

// From the gradient dy of a sum to that of one addend x: dy itself, or through a batch norm
// scale · (dy − mean(dy) − x̂ · mean(dy · x̂)), here as a sum of three products.
template <bool Norm>
struct Back {
  Plane x;
  vf scale, ofX, constant;

  Back(const Band& band, const View& from, int32_t tables) : x(band.inputs(from)) {
    if (!Norm) return;
    const Normalizer n = band.normalizer(tables);
    scale = n.scale;
    ofX = zero() - n.scale * n.inverse * n.meanDyX;
    constant = zero() - n.scale * n.meanDy - ofX * n.mean;
  }
  vf get(int32_t y, int32_t i, vf dy) const { return Norm ? fma(dy, scale, fma(x.get(y, i), ofX, constant)) : dy; }
};

// to = or += f(d)
template <class Gradient, class F>
static inline void put(Size size, const Gradient d, const F f, Plane to, bool accumulate) {
  if (accumulate) each(size, [=](int32_t y, int32_t x) { to.set(y, x, to.get(y, x) + f.get(y, x, d.get(y, x))); });
  else each(size, [=](int32_t y, int32_t x) { to.set(y, x, f.get(y, x, d.get(y, x))); });
}

KERNEL void back(const ActivateBackOp& op, const Context& c) {
  const Activation& a = op.a;
  specialize(a, [&]<bool Norm, Skip S>() {
    bands(a, c, [&](const Band& band) {
      Buffer buffer;
      // A pool's gradient is written to its place at once, which may be where the input lay.
      const bool straight = a.pool && !Norm && S != Skip::normalized && op.hasDIn && !op.accumulateDIn;
      routed<Norm, S>(op, band, straight ? band.inputs(op.dIn) : buffer.plane(a.width), [&](auto d) {
        const Size size = band.in();
        const Back<Norm> in(band, a.in, a.normalize);
        const bool toIn = op.hasDIn && !straight;
        if (S == Skip::none || !op.hasDSkip) {
          if (toIn) put(size, d, in, band.inputs(op.dIn), op.accumulateDIn);
          return;
        }
        const Back<S == Skip::normalized> skip(band, a.skip, a.skipNormalize);
        const Plane toSkip = band.inputs(op.dSkip);
        if (!toIn) return put(size, d, skip, toSkip, op.accumulateDSkip);
        // One loop writes both: either may lie where d does.
        const Plane to = band.inputs(op.dIn);
        const bool addIn = op.accumulateDIn, addSkip = op.accumulateDSkip;
        each(size, [=](int32_t y, int32_t x) {
          const vf dy = d.get(y, x), dIn = in.get(y, x, dy), dSkip = skip.get(y, x, dy);
          to.set(y, x, addIn ? to.get(y, x) + dIn : dIn);
          toSkip.set(y, x, addSkip ? toSkip.get(y, x) + dSkip : dSkip);
        });
      });
    });
  });
}

}  // namespace activation
