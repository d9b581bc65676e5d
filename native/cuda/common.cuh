// Definitions for all kernels: the layout of activations in memory, divisions by constants, arithmetic on four floats, the last block.
//
// Activations are [image, row, column, channel] with the channels filled up with zeros to a multiple of four ("C4"), so that four
// channels are one aligned load. Every kernel keeps the filling zero: weights there are zero, and so are their gradients.
// A dense layer is a convolution of 1×1 on images of 1×1. Dimensions: N images, C channels of H×W pixels in, O of P×Q out.
#pragma once
#include <stdint.h>

#include "program.gen.cuh"

__device__ inline uint32_t operator/(uint32_t n, const Divisor& d) { return d.magic == 0 ? n : __umulhi(n, d.magic) >> d.shift; }

struct Split {
  uint32_t quotient, remainder;
};

__device__ inline Split divide(uint32_t n, const Divisor& d) {
  const uint32_t q = n / d;
  return {q, n - q * d.divisor};
}

__device__ inline float4 load4(const float* p) { return *reinterpret_cast<const float4*>(p); }
__device__ inline void store4(float* p, float4 v) { *reinterpret_cast<float4*>(p) = v; }
__device__ inline float4 zero4() { return make_float4(0, 0, 0, 0); }
__device__ inline float4 operator+(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
__device__ inline float4 operator-(float4 a, float4 b) { return make_float4(a.x - b.x, a.y - b.y, a.z - b.z, a.w - b.w); }
__device__ inline float4 operator*(float4 a, float4 b) { return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w); }
__device__ inline float4 operator*(float4 a, float b) { return make_float4(a.x * b, a.y * b, a.z * b, a.w * b); }
// A NaN passes, as in PyTorch: it must not vanish behind a relu.
__device__ inline float relu(float x) { return x <= 0.0f ? 0.0f : x; }
__device__ inline float4 relu(float4 v) { return make_float4(relu(v.x), relu(v.y), relu(v.z), relu(v.w)); }
// v where x > 0, else 0: the gradient of a relu.
__device__ inline float4 where(float4 x, float4 v) {
  return make_float4(x.x > 0 ? v.x : 0, x.y > 0 ? v.y : 0, x.z > 0 ? v.z : 0, x.w > 0 ? v.w : 0);
}

// True in the last of `count` blocks to arrive, which then sees all that the other blocks wrote before (threadFenceReduction in NVIDIA's CUDA
// samples). That block adds up sums over blocks in the blocks' order, so the result does not depend on which block is the last.
__device__ inline bool lastBlock(uint32_t* ticket, uint32_t count) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(ticket, 1u) == count - 1;
    if (last) *ticket = 0;
  }
  __syncthreads();
  __threadfence();
  return last;
}
