// The time, for the profile, and the processor's limit to hold it against.
#pragma once
#include "simd.h"

#if defined(__wasm__)
extern "C" __attribute__((import_module("env"), import_name("now"))) double mnist_now();
#else
#include <chrono>
#endif

namespace clock_ {

static inline double seconds() {
#if defined(__wasm__)
  return mnist_now() / 1e3;
#else
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

constexpr int chains = simd::maxAccumulators >= 28 ? 24 : 10;

// As many independent sums as a tile has, each fed by a product of values in the first-level cache. A function of its own, called
// often: V8 compiles it well only after some calls.
__attribute__((noinline)) static float multiplyAdds(const float* values, int rounds) {
  using namespace simd;
  vf sum[chains];
  for (int i = 0; i < chains; i++) sum[i] = zero();
  vf factor = broadcast(0.5f);
  for (int n = 0; n < rounds; n++) {
#pragma GCC unroll 28
    for (int i = 0; i < chains; i++) sum[i] = fma(load(values + i * V), factor, sum[i]);
    factor = -factor;
  }
  vf total = zero();
  for (int i = 0; i < chains; i++) total += sum[i];
  return total[0];
}

// Multiply-adds a second that one thread can reach when nothing else holds it up.
static double peak() {
  constexpr int rounds = 5000;
  float values[chains * simd::V];
  for (int i = 0; i < chains * simd::V; i++) values[i] = static_cast<float>(i);
  double best = 0;
  for (int repeat = 0; repeat < 400; repeat++) {
    const double start = seconds();
    const float sum = multiplyAdds(values, rounds);
    const double rate = static_cast<double>(rounds) * chains * simd::V / (seconds() - start);
    if (rate > best && sum < 1e30f) best = rate;
  }
  return best;
}

}  // namespace clock_
