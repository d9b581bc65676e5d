// The one loop behind every convolution and dense layer, forward and backward: C [M, N] = A [M, K] · B [K, N] in fp32, or with its
// factors rounded to TF32.
//
//   for m, n:  C[m, n] = Σ k  A[m, k] · B[k, n]
//
// A block of threads makes one BM×BN tile of C. It goes along K in steps of BK: while it multiplies the step of A and B that lies in shared
// memory, it loads the next step into registers. There are two buffers, so a step needs one barrier. Where the tile is so small that it would
// employ few threads, slices, which are groups of threads, share the k of each step among themselves and add up their tiles at the end, in
// order.
//
// Product<Tile> multiplies a step in shared memory; fp32.cuh and tf32.cuh each have one, and rounded(float4), which rounds the factors on
// their way to shared memory. Product has
//   slices, perSlice              the number of slices, and the threads of each
//   row(thread), column(thread)   the row and column of the tile at which a thread of a slice begins to read
//   first(slice, thread)          the k of a step at which it begins
//   add(sums, a, b)               adds the products of a step, a and b pointing to that place in shared memory
//   each(sums, row, column, out)  calls out(m, n, float4) with the thread's sums, four neighbouring columns at a time
#pragma once
#ifdef TENSOR_CORES
#include "tf32.cuh"
#else
#include "fp32.cuh"
#endif

template <int M, int N, int ROWS, int COLUMNS, int S = 1, int K = 16>
struct Tile {
  static constexpr int BM = M, BN = N, TM = ROWS, TN = COLUMNS, SLICES = S, BK = K;
  static constexpr int threads = (BM / TM) * (BN / TN) * SLICES;
  // Rows of shared memory are four floats longer than needed: stores of four k at a time then meet fewer bank conflicts.
  static constexpr int rowA = BM + 4, rowB = BN + 4;
  static constexpr int bufferFloats = BK * (rowA + rowB);
  static constexpr int floats = 2 * bufferFloats;
};

// Operand carries one step of A or B, [k, m] with m from `first` on, from global to shared memory. Share is the part of it that one thread
// carries. A Source<ROWS> reads the operand from global memory:
//   alongK         whether neighbours in memory are neighbours along k; else along m
//   prepare(i, m)  computes the address of row m, the i-th of the ROWS rows that this thread loads; not alongK: of rows m … m + 3, with i = 0
//   load(i, k)     A[m, k … k + 3]; not alongK: A[m … m + 3, k]
template <int THREADS, int BK, int WIDTH, bool ALONG_K>
struct Share {
  static constexpr int quads = WIDTH * BK / 4;
  static constexpr int each = (quads + THREADS - 1) / THREADS;
  static constexpr int inner = ALONG_K ? BK / 4 : WIDTH / 4;  // quads beside each other in memory
  static_assert(THREADS % inner == 0, "each thread keeps its place in a row");
};

template <int THREADS, int BK, int WIDTH, int ROW, template <int> class Source>
struct Operand {
  static constexpr bool alongK = Source<1>::alongK;
  using S = Share<THREADS, BK, WIDTH, alongK>;
  Source<S::each> source;
  float4 held[S::each];
  int place, line;

  template <class Problem>
  __device__ Operand(const Problem& problem, int first) : source(problem), place(threadIdx.x % S::inner), line(threadIdx.x / S::inner) {
    if (!alongK) source.prepare(0, first + place * 4);
    else {
#pragma unroll
      for (int i = 0; i < S::each; i++) source.prepare(i, first + lineOf(i));
    }
  }
  __device__ int lineOf(int i) const { return line + i * (THREADS / S::inner); }
  __device__ bool mine(int i) const { return S::quads % THREADS == 0 || threadIdx.x + i * THREADS < S::quads; }
  __device__ void load(int k, int end) {
#pragma unroll
    for (int i = 0; i < S::each; i++) {
      const int at = k + (alongK ? place * 4 : lineOf(i));
      held[i] = mine(i) && at < end ? source.load(i, at) : zero4();
    }
  }
  __device__ void store(float* shared) const {
#pragma unroll
    for (int i = 0; i < S::each; i++) {
      if (!mine(i)) continue;
      const float4 v = rounded(held[i]);
      if (alongK) {
        float* to = shared + place * 4 * ROW + lineOf(i);
        to[0] = v.x;
        to[ROW] = v.y;
        to[2 * ROW] = v.z;
        to[3 * ROW] = v.w;
      } else {
        store4(shared + lineOf(i) * ROW + place * 4, v);
      }
    }
  }
};

// Computes the tile at (firstM, firstN) over k from begin to end, and calls out(m, n, float4) with four neighbouring columns at a time;
// m and n may lie beyond the matrix.
template <class T, template <int> class SourceA, template <int> class SourceB, class Problem, class Out>
__device__ inline void multiply(const Problem& problem, int firstM, int firstN, int begin, int end, Out&& out) {
  __shared__ __align__(16) float memory[T::floats];
  Operand<T::threads, T::BK, T::BM, T::rowA, SourceA> a(problem, firstM);
  Operand<T::threads, T::BK, T::BN, T::rowB, SourceB> b(problem, firstN);
  using P = Product<T>;
  static_assert(P::slices == 1 || P::slices * T::BM * T::BN <= T::floats, "slices meet in the tile's memory");
  const int slice = threadIdx.x / P::perSlice, local = threadIdx.x % P::perSlice;
  const int column = P::column(local), row = P::row(local), first = P::first(slice, local);
  typename P::Sums sums = {};

  a.load(begin, end);
  b.load(begin, end);
  a.store(memory);
  b.store(memory + T::BK * T::rowA);
  __syncthreads();
  int buffer = 0;
  for (int k = begin; k < end; k += T::BK) {
    const bool more = k + T::BK < end;
    if (more) {
      a.load(k + T::BK, end);
      b.load(k + T::BK, end);
    }
    const float* tileA = memory + buffer * T::bufferFloats + first * T::rowA + row;
    const float* tileB = memory + buffer * T::bufferFloats + T::BK * T::rowA + first * T::rowB + column;
    P::add(sums, tileA, tileB);
    buffer ^= 1;
    if (more) {
      a.store(memory + buffer * T::bufferFloats);
      b.store(memory + buffer * T::bufferFloats + T::BK * T::rowA);
    }
    __syncthreads();
  }

  P::each(sums, row, column, [&](int m, int n, float4 v) {
    if (P::slices == 1) out(firstM + m, firstN + n, v);
    else store4(memory + (slice * T::BM + m) * T::BN + n, v);
  });
  if (P::slices == 1) return;
  __syncthreads();
  for (int k = 4 * threadIdx.x; k < T::BM * T::BN; k += 4 * T::threads) {
    float4 total = load4(memory + k);
#pragma unroll
    for (int s = 1; s < P::slices; s++) total = total + load4(memory + s * T::BM * T::BN + k);
    out(firstM + k / T::BN, firstN + k % T::BN, total);
  }
}
