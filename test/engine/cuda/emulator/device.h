// Makes CUDA C++ ordinary C++, so that native/cuda compiles for the processor: included before its sources. The threads of a block are fibers,
// which run one after the other up to __syncthreads(), in forward and in backward order by turns: a missing barrier then changes the numbers.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define __global__
#define __device__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// Blocks run one after the other.
#define __shared__ static

struct __align__(8) float2 {
  float x, y;
};
struct __align__(16) float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

struct uint3 {
  uint32_t x, y, z;
};
extern uint3 threadIdx, blockIdx;
extern uint3 blockDim, gridDim;

void __syncthreads();
// All 32 lanes of a warp call it together. @param values of this lane, 8 at the most @returns the values of all lanes, value i of a lane at
// [8 · lane + i]; valid until this lane's next but one call and the block's next barrier
const float* exchange(const float* values, int count);
inline float __shfl_xor_sync(uint32_t, float value, uint32_t mask) { return exchange(&value, 1)[8 * (threadIdx.x % 32 ^ mask)]; }
inline void __threadfence() { __sync_synchronize(); }
inline uint32_t atomicAdd(uint32_t* at, uint32_t value) { return __sync_fetch_and_add(at, value); }
inline float __ldcg(const float* p) { return *static_cast<const volatile float*>(p); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint64_t>(a) * b >> 32; }
inline int min(int a, int b) { return a < b ? a : b; }
inline uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }

// Rounds to 10 bits of mantissa, to the nearest, ties away from zero: cvt.rna.tf32.f32.
inline float roundTf32(float x) {
  if (!isfinite(x)) return x;
  const uint32_t bits = (__builtin_bit_cast(uint32_t, x) + 0x1000) & ~0x1fffu;
  return __builtin_bit_cast(float, bits);
}
// A factor of a product on tensor cores: NaN where the kernel has not rounded it to TF32, so that the fault shows.
inline float factor(float x) { return isfinite(x) && (__builtin_bit_cast(uint32_t, x) & 0x1fff) != 0 ? NAN : x; }

// c += a · b with the PTX ISA's fragments of mma.m16n8k8: lane 4 · group + t has rows group and group + 8 of A's columns t and t + 4, rows
// t and t + 4 of B's column group, and columns 2t and 2t + 1 of C's rows group and group + 8.
inline void multiplyFragments(float (&c)[4], const float (&a)[4], const float (&b)[2]) {
  const float mine[] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const float* all = exchange(mine, 6);
  const uint32_t group = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  for (uint32_t i = 0; i < 4; i++) {
    const uint32_t column = 2 * t + i % 2, upper = i / 2;
    for (uint32_t k = 0; k < 8; k++) {
      const float left = all[8 * (4 * group + k % 4) + 2 * (k / 4) + upper], right = all[8 * (4 * column + k % 4) + 4 + k / 4];
      c[i] += factor(left) * factor(right);
    }
  }
}
