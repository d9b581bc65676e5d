// A tile's product in fp32. A thread keeps TM×TN sums in registers, in groups of four rows and columns. Where the tile is so small that it
// would employ few threads, SLICES groups of threads share the k of each step among themselves.
#pragma once
#include "common.cuh"

__device__ inline float4 rounded(float4 v) { return v; }

template <int COUNT, int STEP>
__device__ inline void loadGroups(float (&to)[COUNT], const float* from) {
#pragma unroll
  for (int g = 0; g < COUNT / 4; g++) {
    const float4 v = load4(from + g * STEP);
    to[4 * g] = v.x, to[4 * g + 1] = v.y, to[4 * g + 2] = v.z, to[4 * g + 3] = v.w;
  }
}

template <class T>
struct Product {
  static constexpr int slices = T::SLICES, perSlice = T::threads / slices;
  static constexpr int stepM = 4 * T::BM / T::TM, stepN = 4 * T::BN / T::TN;
  using Sums = float[T::TM][T::TN];

  __device__ static int row(int thread) { return thread / (T::BN / T::TN) * 4; }
  __device__ static int column(int thread) { return thread % (T::BN / T::TN) * 4; }
  __device__ static int first(int slice, int) { return slice; }

  __device__ static void add(Sums& sums, const float* a, const float* b) {
#pragma unroll
    for (int step = 0; step < T::BK; step += slices) {
      float left[T::TM], right[T::TN];
      loadGroups<T::TM, stepM>(left, a + step * T::rowA);
      loadGroups<T::TN, stepN>(right, b + step * T::rowB);
#pragma unroll
      for (int i = 0; i < T::TM; i++) {
#pragma unroll
        for (int j = 0; j < T::TN; j++) sums[i][j] += left[i] * right[j];
      }
    }
  }

  template <class Out>
  __device__ static void each(const Sums& sums, int row, int column, Out&& out) {
#pragma unroll
    for (int i = 0; i < T::TM; i++) {
#pragma unroll
      for (int g = 0; g < T::TN / 4; g++) {
        const int m = i / 4 * stepM + row + i % 4, n = g * stepN + column;
        out(m, n, make_float4(sums[i][4 * g], sums[i][4 * g + 1], sums[i][4 * g + 2], sums[i][4 * g + 3]));
      }
    }
  }
};
