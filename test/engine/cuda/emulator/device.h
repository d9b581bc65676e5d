// CUDA C++ as ordinary C++, so that native/cuda compiles for the processor: included before its sources. Threads of a block are fibers that
// take turns at __syncthreads(), in forward and in backward order by turns, so that a missing barrier shows in the numbers.
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
inline void __threadfence() { __sync_synchronize(); }
inline uint32_t atomicAdd(uint32_t* at, uint32_t value) { return __sync_fetch_and_add(at, value); }
inline float __ldcg(const float* p) { return *static_cast<const volatile float*>(p); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint64_t>(a) * b >> 32; }
inline int min(int a, int b) { return a < b ? a : b; }
inline uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }
