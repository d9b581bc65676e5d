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

// Multiply-adds a second that one thread can reach with everything in registers: as many independent chains as a tile has.
static double peak() {
  using namespace simd;
  constexpr int chains = maxAccumulators >= 28 ? 24 : 10;
  vf sum[chains];
  for (int i = 0; i < chains; i++) sum[i] = broadcast(static_cast<float>(i));
  const vf factor = broadcast(0.999f);
  double best = 0;
  for (int repeat = 0; repeat < 5; repeat++) {
    constexpr int rounds = 400000;
    const double start = seconds();
    for (int n = 0; n < rounds; n++) {
#pragma GCC unroll 28
      for (int i = 0; i < chains; i++) sum[i] = fma(sum[i], factor, factor);
    }
    const double rate = static_cast<double>(rounds) * chains * V / (seconds() - start);
    if (rate > best) best = rate;
  }
  vf total = zero();
  for (int i = 0; i < chains; i++) total += sum[i];
  return total[0] == 12345.0f ? 0 : best;  // uses the sums, so that they are computed
}

}  // namespace clock_
