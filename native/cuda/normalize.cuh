// Batch norm (Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.BatchNorm2d): one table [6, C4] for each layer, with the values that the
// activation's kernels need of the whole batch. With x̂ = (x − mean) · inverse:
//
//   y = weight · x̂ + bias = scale · x + shift
//   dx = scale · (dy − mean(dy) − x̂ · mean(dy · x̂))
#pragma once
#include "columns.cuh"

// A batch norm's parameters and running statistics, [C4] each, and its table.
struct Normalizer {
  const float *weight, *bias;
  float *runningMean, *runningVariance, *table;
};

__device__ inline void writeTable(const float* weight, const float* bias, float* table, uint32_t channels, uint32_t c, double mean,
                                  double variance) {
  const float inverse = static_cast<float>(1.0 / sqrt(variance + batchNormEpsilon)), scale = weight[c] * inverse;
  table[tableScale * channels + c] = scale;
  table[tableShift * channels + c] = bias[c] - static_cast<float>(mean) * scale;
  table[tableMean * channels + c] = static_cast<float>(mean);
  table[tableInverse * channels + c] = inverse;
}

// Writes mean and variance of x [rows, C4] to the table, and moves the running statistics towards them (towards the unbiased variance, as in
// PyTorch).
//
//   for row, c:  sum[c] += x[row, c];  squares[c] += x[row, c]²
extern "C" __global__ void __launch_bounds__(columnThreads)
    statistics(const float* x, const float* weight, const float* bias, float* runningMean, float* runningVariance, float* table,
               float* parts, uint32_t* tickets, int quads, int rows) {
  const ColumnShare share(quads, rows);
  const uint32_t channels = 4 * quads;
  float4 sums[2] = {zero4(), zero4()};
  if (share.active) {
    for (uint32_t r = share.first; r < share.end; r += share.step) {
      const float4 v = load4(x + static_cast<size_t>(r) * channels + 4 * share.quad);
      sums[0] = sums[0] + v;
      sums[1] = sums[1] + v * v;
    }
  }
  ColumnSums<2> total;
  if (!total.add(share, sums, parts, channels, tickets)) return;
  for (uint32_t i = threadIdx.x; i < 4 * share.quads; i += columnThreads) {
    const uint32_t c = blockIdx.y * blockQuads * 4 + i;
    const double n = rows, mean = total.totals[i] / n;
    double variance = total.totals[4 * share.quads + i] / n - mean * mean;
    if (variance < 0) variance = 0;
    writeTable(weight, bias, table, channels, c, mean, variance);
    const double unbiased = rows > 1 ? variance * n / (n - 1) : variance;
    runningMean[c] = static_cast<float>((1.0 - batchNormMomentum) * runningMean[c] + batchNormMomentum * mean);
    runningVariance[c] = static_cast<float>((1.0 - batchNormMomentum) * runningVariance[c] + batchNormMomentum * unbiased);
  }
}

// Makes the table from the running statistics, before inference; one thread for each channel.
extern "C" __global__ void __launch_bounds__(256) runningTable(const float* weight, const float* bias, const float* runningMean,
                                                               const float* runningVariance, float* table, int channels) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c < channels) writeTable(weight, bias, table, channels, c, runningMean[c], runningVariance[c]);
}
