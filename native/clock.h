// The clock of the profile, and the peak rate of a core to which the profile compares.
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

constexpr int chains = simd::tileRows(1) >= 28 ? 28 : 10;

// Multiply-adds into as many independent sums as a register tile has, without memory. V8 optimizes a function only after some calls: so this is one,
// and is called often.
__attribute__((noinline)) static float multiplyAdds(float factor, int rounds) {
  using namespace simd;
  const vf factors = broadcast(factor), one = broadcast(1.0f);
  vf sum[chains];
  for (int i = 0; i < chains; i++) sum[i] = broadcast(static_cast<float>(i));
  for (int n = 0; n < rounds; n++) {
#pragma GCC unroll 28
    for (int i = 0; i < chains; i++) sum[i] = fma(sum[i], factors, one);
  }
  vf total = zero();
  for (int i = 0; i < chains; i++) total += sum[i];
  return total[0];
}

// @returns the multiply-adds a second of one thread that does nothing else
static double peak() {
  constexpr int rounds = 5000;
  double best = 0;
  for (int repeat = 0; repeat < 400; repeat++) {
    const double start = seconds();
    const float sum = multiplyAdds(0.5f, rounds);
    const double rate = static_cast<double>(rounds) * chains * simd::V / (seconds() - start);
    if (rate > best && sum < 1e30f) best = rate;
  }
  return best;
}

}  // namespace clock_
