// Batch norm's statistics: the sums of each lane, and, between two phases, the tables that the activation kernels read.
#pragma once
#include "context.h"

namespace normalize {
using namespace simd;
constexpr int perBlock = blockChannels / V;

KERNEL void statistics(const StatisticsOp& op, const Context& c) {
  const size_t row = static_cast<size_t>(op.blocks) * blockChannels;
  double* sums = c.sums(op.sums, c.task);
  if (c.firstGroup()) {
    for (size_t i = 0; i < 2 * row; i++) sums[i] = 0;
  }
  for (int32_t image = 0; image < c.images; image++) {
    for (int32_t v = 0; v < op.blocks * perBlock; v++) {
      const float* z = c.at(op.in, image) + vectorOffset(op.in, v);
      vf total[2] = {zero(), zero()}, squares[2] = {zero(), zero()};
      for (int32_t y = 0; y < op.height; y++, z += op.in.row) {
        inTwoParts(op.width, [&](int part, int32_t x) {
          const vf value = load(z + static_cast<size_t>(x) * op.in.pixel);
          total[part] += value;
          squares[part] = fma(value, value, squares[part]);
        });
      }
      addDoubles(sums + v * V, total[0] + total[1]);
      addDoubles(sums + row + v * V, squares[0] + squares[1]);
    }
  }
}

// Adds lanes in their order: the result does not depend on the threads that ran them.
static double laneSum(const Context& c, int32_t sums, size_t index) {
  double total = 0;
  for (int32_t lane = 0; lane < c.lanes(); lane++) total += c.sums(sums, lane)[index];
  return total;
}

static int32_t padded(int32_t channels) { return (channels + blockChannels - 1) / blockChannels * blockChannels; }

static void writeAffine(const Context& c, int32_t tables, int32_t row, int32_t i, double mean, double variance, int32_t weight, int32_t bias) {
  float* t = c.arena + tables;
  const float inverse = static_cast<float>(1.0 / __builtin_sqrt(variance + batchNormEpsilon));
  const float scale = c.arena[weight + i] * inverse;
  t[tableScale * row + i] = scale;
  t[tableShift * row + i] = c.arena[bias + i] - static_cast<float>(mean) * scale;
  t[tableMean * row + i] = static_cast<float>(mean);
  t[tableInverse * row + i] = inverse;
}

KERNEL void finish(const NormalizeFinishOp& op, const Context& c) {
  const int32_t row = padded(op.channels);
  const double n = static_cast<double>(c.program->batch) * op.pixels;
  for (int32_t i = 0; i < op.channels; i++) {
    const double mean = laneSum(c, op.sums, i) / n;
    double variance = laneSum(c, op.sums, row + i) / n - mean * mean;
    if (variance < 0) variance = 0;
    writeAffine(c, op.tables, row, i, mean, variance, op.weight, op.bias);
    float& runningMean = c.arena[op.runningMean + i];
    float& runningVariance = c.arena[op.runningVariance + i];
    const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
    runningMean = static_cast<float>((1.0 - batchNormMomentum) * runningMean + batchNormMomentum * mean);
    runningVariance = static_cast<float>((1.0 - batchNormMomentum) * runningVariance + batchNormMomentum * unbiased);
  }
}

KERNEL void backFinish(const NormalizeBackFinishOp& op, const Context& c) {
  const int32_t row = padded(op.channels);
  const double n = static_cast<double>(c.program->batch) * op.pixels;
  float* t = c.arena + op.tables;
  for (int32_t i = 0; i < op.channels; i++) {
    const double dy = laneSum(c, op.sums, i), dyX = laneSum(c, op.sums, op.sumsOfX * row + i);
    t[tableMeanDy * row + i] = static_cast<float>(dy / n);
    t[tableMeanDyX * row + i] = static_cast<float>(dyX / n);
    c.arena[op.biasGradient + i] = static_cast<float>(dy);
    c.arena[op.weightGradient + i] = static_cast<float>(dyX);
  }
}

KERNEL void inference(const NormalizeInferenceOp& op, const Context& c) {
  const int32_t row = padded(op.channels);
  for (int32_t i = 0; i < op.channels; i++) {
    writeAffine(c, op.tables, row, i, c.arena[op.runningMean + i], c.arena[op.runningVariance + i], op.weight, op.bias);
  }
}

}  // namespace normalize
