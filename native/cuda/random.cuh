// Counter-based random numbers, bit for bit those of src/util/random.ts.
#pragma once
#include "common.cuh"

struct Key {
  uint32_t a, b;
};

__device__ inline uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x21f0aaadu;
  x ^= x >> 15;
  x *= 0x735a2d97u;
  x ^= x >> 15;
  return x;
}

__device__ inline Key randomKey(uint32_t seed, uint32_t stream, uint32_t step, uint32_t lane) {
  const uint32_t a = mix(mix(mix(seed ^ 0x9e3779b9u) + stream * 0x85ebca6bu + lane) + step);
  return {a, mix(a ^ 0xc2b2ae35u ^ step)};
}

__device__ inline uint32_t randomBits(Key key, uint32_t index) { return mix(mix(index + key.a) ^ key.b); }
