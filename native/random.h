// Counter-based random numbers, bit for bit those of src/util/random.ts.
#pragma once
#include "simd.h"

namespace rng {

struct Key {
  uint32_t a, b;
};

template <class T>
static inline T mix(T x) {
  x ^= x >> 16;
  x *= 0x21f0aaadu;
  x ^= x >> 15;
  x *= 0x735a2d97u;
  x ^= x >> 15;
  return x;
}

// The key of (seed, stream, step, lane); see randomKey() in TypeScript.
static inline Key key(uint32_t seed, uint32_t stream, uint32_t step, uint32_t lane) {
  uint32_t a = mix(mix(mix(seed ^ 0x9e3779b9u) + stream * 0x85ebca6bu + lane) + step);
  return {a, mix(a ^ 0xc2b2ae35u ^ step)};
}

// The random bits of V indices.
static inline simd::vu bits(Key k, simd::vu index) {
  return mix(mix(index + simd::broadcast(k.a)) ^ simd::broadcast(k.b));
}

}  // namespace rng
