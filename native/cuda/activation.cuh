// The activation between two convolutions, in one pass over memory: out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part
// optional; and its backward pass, which computes the forward values a second time instead of reading them.
//
//   for n, p, q, c:  v(h, w) = scale[c] · in[n, h, w, c] + shift[c] + skip[n, h, w, c]
//                    out[n, p, q, c] = drop · max over the window of relu(v)
#pragma once
#include "columns.cuh"
#include "normalize.cuh"
#include "random.cuh"

struct Tensors {
  const float *in, *table, *skip, *skipTable;  // table null: not normalized; skip null: none
};

struct TableQuad {
  float4 scale, shift, mean, inverse;
  __device__ TableQuad(const float* table, uint32_t channels, uint32_t quad) {
    if (!table) return;
    scale = load4(table + tableScale * channels + 4 * quad);
    shift = load4(table + tableShift * channels + 4 * quad);
    mean = load4(table + tableMean * channels + 4 * quad);
    inverse = load4(table + tableInverse * channels + 4 * quad);
  }
};

// One window of the pool (or one pixel) in four channels.
template <bool POOL>
struct Window {
  static constexpr int side = POOL ? 2 : 1, count = side * side;
  uint32_t quad, image, top, left;
  uint32_t channels;
  int down, across;  // rows and columns of the window that lie in the image

  __device__ Window(const Activation& a, uint32_t index, uint32_t quad_) : quad(quad_), channels(4 * a.quads.divisor) {
    const Split column = divide(index, a.windowsAcross), row = divide(column.quotient, a.windowsDown);
    image = row.quotient;
    top = row.remainder * side;
    left = column.remainder * side;
    down = min(side, a.height - static_cast<int>(top));
    across = min(side, a.width - static_cast<int>(left));
  }
  __device__ bool has(int i) const { return i / side < down && i % side < across; }
  __device__ bool complete() const { return down == side && across == side; }
  // The offset of the window's pixel i in the input, in floats.
  __device__ size_t at(const Activation& a, int i) const {
    return ((static_cast<size_t>(image) * a.height + top + i / side) * a.width + left + i % side) * channels + 4 * quad;
  }
  // The offset of the window's output, in floats.
  __device__ size_t out(const Activation& a) const {
    const uint32_t p = top / side, q = left / side, height = a.height / side, width = a.width / side;
    return ((static_cast<size_t>(image) * height + p) * width + q) * channels + 4 * quad;
  }
  // Dropout of the output's four channels, or of their gradients.
  __device__ float4 dropped(const Activation& a, const Run* run, float4 v) const {
    if (a.dropout < 0) return v;
    const Key key = randomKey(run->seed, streamDropout, run->step, a.dropout);
    const uint32_t width = a.width / side, offset = ((top / side) * width + left / side) * channels + 4 * quad;
    const Split place = divide(offset, a.dropoutMemory);
    const uint32_t first = (image * a.dropoutChannels + place.remainder) * a.dropoutPixels + place.quotient, step = a.dropoutPixels;
    const auto kept = [&](uint32_t i, float x) { return (randomBits(key, i) >> 8) >= a.dropoutThreshold ? x * a.dropoutScale : 0.0f; };
    return make_float4(kept(first, v.x), kept(first + step, v.y), kept(first + 2 * step, v.z), kept(first + 3 * step, v.w));
  }
};

__device__ inline float4 value(const Tensors& t, const TableQuad& norm, const TableQuad& skipNorm, float4 in, float4 skip) {
  float4 v = t.table ? in * norm.scale + norm.shift : in;
  if (t.skip) v = v + (t.skipTable ? skip * skipNorm.scale + skipNorm.shift : skip);
  return v;
}

// The larger of two numbers, the first where they are equal; a NaN counts as the larger one, as in PyTorch.
__device__ inline float larger(float best, float x) { return x > best || x != x ? x : best; }
__device__ inline float4 larger(float4 best, float4 x) {
  return make_float4(larger(best.x, x.x), larger(best.y, x.y), larger(best.z, x.z), larger(best.w, x.w));
}

template <bool POOL>
__device__ inline void activate(const Run* run, const Tensors& t, float* out, const Activation& a) {
  const uint32_t k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.images * a.windowsDown.divisor * a.windowsAcross.divisor * a.quads.divisor) return;
  const Split at = divide(k, a.quads);
  const Window<POOL> w(a, at.quotient, at.remainder);
  const TableQuad norm(t.table, w.channels, w.quad), skipNorm(t.skipTable, w.channels, w.quad);
  float4 v[w.count];
#pragma unroll
  for (int i = 0; i < w.count; i++) {
    v[i] = value(t, norm, skipNorm, load4(t.in + w.at(a, i)), t.skip ? load4(t.skip + w.at(a, i)) : zero4());
    if (i > 0) v[0] = larger(v[0], v[i]);
  }
  if (a.isRelu) v[0] = relu(v[0]);
  store4(out + w.out(a), w.dropped(a, run, v[0]));
}

// The window's gradient d, for one channel, goes to the first maximum of its values v in row order; the other pixels get 0.
__device__ inline void route(const float (&v)[4], float d, bool isRelu, float (&to)[4]) {
  float best = v[0];
  int winner = 0;
#pragma unroll
  for (int i = 1; i < 4; i++) {
    if (v[i] > best || v[i] != v[i]) best = v[i], winner = i;
  }
  if (isRelu && !(best > 0)) d = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) to[i] = i == winner ? d : 0;
}

// Computes a window's forward values and the gradients of v(h, w), and calls out(i, in, skip, gradient) for each of its pixels in the image.
template <bool POOL, class Out>
__device__ inline void goBack(const Run* run, const Tensors& t, const float* dOut, const Activation& a, const Window<POOL>& w,
                              const TableQuad& norm, const TableQuad& skipNorm, Out&& out) {
  constexpr int count = Window<POOL>::count;
  float4 in[count], skip[count], d[count];
#pragma unroll
  for (int i = 0; i < count; i++) {
    in[i] = w.has(i) ? load4(t.in + w.at(a, i)) : zero4();
    skip[i] = t.skip && w.has(i) ? load4(t.skip + w.at(a, i)) : zero4();
    d[i] = zero4();
  }
  if (w.complete()) {
    const float4 g = w.dropped(a, run, load4(dOut + w.out(a)));
    float4 v[count];
#pragma unroll
    for (int i = 0; i < count; i++) v[i] = value(t, norm, skipNorm, in[i], skip[i]);
    if (!POOL) {
      d[0] = a.isRelu ? where(v[0], g) : g;
    } else {
#define CHANNEL(C)                                                                        \
  {                                                                                       \
    const float values[4] = {v[0].C, v[1 % count].C, v[2 % count].C, v[3 % count].C};     \
    float to[4];                                                                          \
    route(values, g.C, a.isRelu, to);                                                     \
    d[0].C = to[0], d[1 % count].C = to[1], d[2 % count].C = to[2], d[3 % count].C = to[3]; \
  }
      CHANNEL(x) CHANNEL(y) CHANNEL(z) CHANNEL(w)
#undef CHANNEL
    }
  }
#pragma unroll
  for (int i = 0; i < count; i++) {
    if (w.has(i)) out(i, in[i], skip[i], d[i]);
  }
}

// The gradients of `in` and `skip`, back through dropout, pool, relu and batch norm. maskIn, maskSkip: that input is the output of another
// relu, so its gradient passes where the input is above 0.
template <bool POOL>
__device__ inline void activateBack(const Run* run, const Tensors& t, const float* dOut, float* dIn, float* dSkip, int maskIn,
                                    int maskSkip, int accumulateIn, int accumulateSkip, const Activation& a) {
  const uint32_t k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.images * a.windowsDown.divisor * a.windowsAcross.divisor * a.quads.divisor) return;
  const Split place = divide(k, a.quads);
  const Window<POOL> w(a, place.quotient, place.remainder);
  const TableQuad norm(t.table, w.channels, w.quad), skipNorm(t.skipTable, w.channels, w.quad);
  const auto through = [&](const float* table, const TableQuad& n, float4 x, float4 d) {
    if (!table) return d;
    const float4 meanDy = load4(table + tableMeanDy * w.channels + 4 * w.quad), meanDyX = load4(table + tableMeanDyX * w.channels + 4 * w.quad);
    return n.scale * (d - meanDy - (x - n.mean) * n.inverse * meanDyX);
  };
  const auto send = [](float* to, float4 x, float4 d, int mask, int accumulate) {
    if (mask) d = where(x, d);
    store4(to, accumulate ? d + load4(to) : d);
  };
  goBack<POOL>(run, t, dOut, a, w, norm, skipNorm, [&](int i, float4 in, float4 skip, float4 d) {
    const size_t at = w.at(a, i);
    if (dIn) send(dIn + at, in, through(t.table, norm, in, d), maskIn, accumulateIn);
    if (dSkip) send(dSkip + at, skip, through(t.skipTable, skipNorm, skip, d), maskSkip, accumulateSkip);
  });
}

// Σ dy and Σ dy · x̂ of every channel, for the batch norms of `in` and `skip`: the gradients of their biases and weights, and the means that
// activateBack reads.
template <bool POOL>
__device__ inline void activateSums(const Run* run, const Tensors& t, const float* dOut, float* table, float* skipTable, float* dWeight,
                                    float* dBias, float* dSkipWeight, float* dSkipBias, float* parts, uint32_t* tickets,
                                    const Activation& a) {
  const ColumnShare share(a.quads.divisor, a.images * a.windowsDown.divisor * a.windowsAcross.divisor);
  const uint32_t channels = 4 * a.quads.divisor;
  float4 sums[3] = {zero4(), zero4(), zero4()};
  if (share.active) {
    const TableQuad norm(t.table, channels, share.quad), skipNorm(t.skipTable, channels, share.quad);
    for (uint32_t r = share.first; r < share.end; r += share.step) {
      const Window<POOL> w(a, r, share.quad);
      goBack<POOL>(run, t, dOut, a, w, norm, skipNorm, [&](int, float4 in, float4 skip, float4 d) {
        sums[0] = sums[0] + d;
        sums[1] = sums[1] + d * ((in - norm.mean) * norm.inverse);
        if (t.skipTable) sums[2] = sums[2] + d * ((skip - skipNorm.mean) * skipNorm.inverse);
      });
    }
  }
  ColumnSums<3> total;
  if (!total.add(share, sums, parts, channels, tickets)) return;
  const double n = static_cast<double>(a.images) * a.height * a.width;
  for (uint32_t i = threadIdx.x; i < 4 * share.quads; i += columnThreads) {
    const uint32_t c = blockIdx.y * blockQuads * 4 + i, columns = 4 * share.quads;
    const double dy = total.totals[i], dyX = total.totals[columns + i], dySkip = total.totals[2 * columns + i];
    dBias[c] = static_cast<float>(dy);
    dWeight[c] = static_cast<float>(dyX);
    table[tableMeanDy * channels + c] = static_cast<float>(dy / n);
    table[tableMeanDyX * channels + c] = static_cast<float>(dyX / n);
    if (!t.skipTable) continue;
    dSkipBias[c] = static_cast<float>(dy);
    dSkipWeight[c] = static_cast<float>(dySkip);
    skipTable[tableMeanDy * channels + c] = static_cast<float>(dy / n);
    skipTable[tableMeanDyX * channels + c] = static_cast<float>(dySkip / n);
  }
}

#define ACTIVATION(NAME, POOL)                                                                                                       \
  extern "C" __global__ void __launch_bounds__(256) activate_##NAME(const Run* run, const float* in, const float* table,             \
                                                                    const float* skip, const float* skipTable, float* out,           \
                                                                    Activation a) {                                                  \
    activate<POOL>(run, {in, table, skip, skipTable}, out, a);                                                                       \
  }                                                                                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                                                                                  \
      activateBack_##NAME(const Run* run, const float* in, const float* table, const float* skip, const float* skipTable,            \
                          const float* dOut, float* dIn, float* dSkip, int maskIn, int maskSkip, int accumulateIn,                   \
                          int accumulateSkip, Activation a) {                                                                        \
    activateBack<POOL>(run, {in, table, skip, skipTable}, dOut, dIn, dSkip, maskIn, maskSkip, accumulateIn, accumulateSkip, a);      \
  }                                                                                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                                                                                  \
      activateSums_##NAME(const Run* run, const float* in, float* table, const float* skip, float* skipTable, const float* dOut,     \
                          float* dWeight, float* dBias, float* dSkipWeight, float* dSkipBias, float* parts, uint32_t* tickets,       \
                          Activation a) {                                                                                            \
    activateSums<POOL>(run, {in, table, skip, skipTable}, dOut, table, skipTable, dWeight, dBias, dSkipWeight, dSkipBias, parts,     \
                       tickets, a);                                                                                                  \
  }

ACTIVATION(pixels, false)
ACTIVATION(pooled, true)
