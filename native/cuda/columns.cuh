// Batch norm's sums over all pixels of every channel, in a fixed order: over the threads of a block, then over the blocks. A quad is four
// neighbouring channels.
#pragma once
#include "common.cuh"

// A thread's share of the sums: one quad of channels, and of its pixels first, first + step, … below end.
struct ColumnShare {
  uint32_t quads, quad, lane, lanes;  // quads of this block; this thread's quad; its number among the threads of the quad; their count
  uint32_t first, step, end;
  bool active;

  // rows: pixels of the whole batch, which gridDim.x blocks share
  __device__ ColumnShare(uint32_t allQuads, uint32_t rows) {
    quads = min(blockQuads, allQuads - blockIdx.y * blockQuads);
    lanes = columnThreads / quads;
    lane = threadIdx.x / quads;
    quad = blockIdx.y * blockQuads + threadIdx.x % quads;
    active = lane < lanes;
    const uint32_t each = (rows + gridDim.x - 1) / gridDim.x;
    first = min(blockIdx.x * each, rows) + lane;
    step = lanes;
    end = min((blockIdx.x + 1) * each, rows);
  }
};

// Adds up COUNT sums of every channel, over the threads of a block and then over the blocks. Every thread calls add() with its own sums.
// @param parts [gridDim.x, COUNT, C4] @param tickets [gridDim.y], 0 before and after @return true in the last block of these channels to
// finish: it alone has the totals
template <int COUNT>
struct ColumnSums {
  double* totals;  // [COUNT, 4 · quads], for this block's channels, in shared memory

  __device__ bool add(const ColumnShare& share, const float4 (&sums)[COUNT], float* parts, uint32_t channels, uint32_t* tickets) {
    __shared__ float4 threads[columnThreads];
    __shared__ double memory[COUNT * 4 * blockQuads];
    totals = memory;
    const uint32_t firstChannel = blockIdx.y * blockQuads * 4, columns = 4 * share.quads;
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      threads[threadIdx.x] = sums[i];
      __syncthreads();
      if (share.lane == 0) {
        float4 sum = threads[threadIdx.x];
        for (uint32_t l = 1; l < share.lanes; l++) sum = sum + threads[l * share.quads + threadIdx.x];
        store4(parts + (static_cast<size_t>(blockIdx.x) * COUNT + i) * channels + 4 * share.quad, sum);
      }
      __syncthreads();
    }
    if (!lastBlock(tickets + blockIdx.y, gridDim.x)) return false;
    // First every thread adds up one channel's parts from some of the blocks; then one thread for each channel adds up these sums.
    double* lanes = reinterpret_cast<double*>(threads);
    const uint32_t parallel = columns < columnThreads ? columnThreads / columns : 1;
    for (int i = 0; i < COUNT; i++) {
      for (uint32_t c = threadIdx.x % columns; c < columns; c += columnThreads) {
        const uint32_t lane = threadIdx.x / columns;
        double sum = 0;
        if (lane < parallel) {
          for (uint32_t b = lane; b < gridDim.x; b += parallel) sum += __ldcg(parts + (static_cast<size_t>(b) * COUNT + i) * channels + firstChannel + c);
          lanes[lane * columns + c] = sum;
        }
      }
      __syncthreads();
      for (uint32_t c = threadIdx.x; c < columns; c += columnThreads) {
        double sum = 0;
        for (uint32_t l = 0; l < parallel; l++) sum += lanes[l * columns + c];
        memory[i * columns + c] = sum;
      }
      __syncthreads();
    }
    return true;
  }
};
