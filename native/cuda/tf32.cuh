// A tile's product on tensor cores: factors in TensorFloat-32 (10 bits of mantissa), sums in fp32; compute capability 8.0 and up.
//
// A warp multiplies fragments of 16×8 · 8×8 (PTX ISA, mma.m16n8k8). A lane (a thread of the warp), with group = lane / 4 and t = lane % 4, has of
//   A [16, 8]  rows group, group + 8 of columns t and t + 4
//   B [8, 8]   rows t, t + 4 of column group
//   C [16, 8]  columns 2t, 2t + 1 of rows group and group + 8
// The eight k may come in any order that is the same in A and B. A lane takes the k 2t and 2t + 1 in place of t and t + 4: with rows of shared
// memory that are four floats longer than a multiple of 16, a warp then reads 32 different banks.
#pragma once
#include "common.cuh"

// The emulator has these two functions in test/engine/cuda/emulator/device.h.
#ifdef __CUDACC__
// Rounds to the nearest TF32 number, ties away from zero.
__device__ inline float roundTf32(float x) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
}

// c += a · b; all lanes of a warp call it together.
__device__ inline void multiplyFragments(float (&c)[4], const float (&a)[4], const float (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
        "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
#endif

__device__ inline float4 rounded(float4 v) { return make_float4(roundTf32(v.x), roundTf32(v.y), roundTf32(v.z), roundTf32(v.w)); }

template <class T>
struct Product {
  // As many slices as in fp32, or fewer where a slice would be less than a warp.
  static constexpr int slices = T::threads / T::SLICES < 32 ? T::threads / 32 : T::SLICES, perSlice = T::threads / slices;
  static constexpr int across = T::BN < 64 ? 1 : T::BN / 32, down = perSlice / 32 / across;  // warps of a slice
  static constexpr int height = T::BM / down, width = T::BN / across;                       // of the part of the tile that a warp makes
  static_assert(down * height == T::BM && height % 16 == 0 && width % 8 == 0 && T::BK % (8 * slices) == 0, "whole fragments");
  using Sums = float[height / 16][width / 8][4];

  __device__ static int row(int thread) { return thread / 32 / across * height + thread % 32 / 4; }
  __device__ static int column(int thread) { return thread / 32 % across * width + thread % 32 / 4; }
  __device__ static int first(int slice, int thread) { return 8 * slice + 2 * (thread % 4); }

  __device__ static void add(Sums& sums, const float* a, const float* b) {
#pragma unroll
    for (int step = 0; step < T::BK; step += 8 * slices) {
      const float *from = a + step * T::rowA, *to = b + step * T::rowB;
      float right[width / 8][2];
#pragma unroll
      for (int j = 0; j < width / 8; j++) right[j][0] = to[8 * j], right[j][1] = to[T::rowB + 8 * j];
#pragma unroll
      for (int i = 0; i < height / 16; i++) {
        const float left[4] = {from[16 * i], from[16 * i + 8], from[T::rowA + 16 * i], from[T::rowA + 16 * i + 8]};
#pragma unroll
        for (int j = 0; j < width / 8; j++) multiplyFragments(sums[i][j], left, right[j]);
      }
    }
  }

  // Two neighbouring lanes hold four neighbouring columns of two rows, two columns each. They exchange two sums, so that each lane holds all four
  // columns of one row.
  template <class Out>
  __device__ static void each(const Sums& sums, int row, int column, Out&& out) {
    const int t = threadIdx.x % 4;
    const bool odd = t % 2 == 1;
    row += odd ? 8 : 0;
    column += t / 2 * 4 - static_cast<int>(threadIdx.x % 32 / 4);
#pragma unroll
    for (int i = 0; i < height / 16; i++) {
#pragma unroll
      for (int j = 0; j < width / 8; j++) {
        const float* c = sums[i][j];
        const float x = __shfl_xor_sync(~0u, odd ? c[0] : c[2], 1), y = __shfl_xor_sync(~0u, odd ? c[1] : c[3], 1);
        out(row + 16 * i, column + 8 * j, odd ? make_float4(x, y, c[2], c[3]) : make_float4(c[0], c[1], x, y));
      }
    }
  }
};
