// Global average pooling; 2×2 max pooling is part of activation.h.
#pragma once
#include "context.h"

namespace pool {
using namespace simd;
constexpr int perBlock = blockChannels / V;

KERNEL void globalAverage(const PoolOp& op, const Context& c) {
  const vf scale = broadcast(1.0f / static_cast<float>(op.height * op.width));
  for (int32_t image = 0; image < c.images; image++) {
    float* out = c.at(op.out, image);
    for (int32_t v = 0; v < op.blocks * perBlock; v++) {
      const float* row = c.at(op.in, image) + vectorOffset(op.in, v);
      vf sum = zero();
      for (int32_t y = 0; y < op.height; y++, row += op.in.row) {
        for (int32_t x = 0; x < op.width; x++) sum += load(row + static_cast<size_t>(x) * op.in.pixel);
      }
      store(out + v * V, sum * scale);
    }
  }
}

// in: the gradient to be written or added to; out: the gradient of the averages.
KERNEL void globalAverageBack(const PoolOp& op, const Context& c) {
  const vf scale = broadcast(1.0f / static_cast<float>(op.height * op.width));
  for (int32_t image = 0; image < c.images; image++) {
    const float* out = c.at(op.out, image);
    for (int32_t v = 0; v < op.blocks * perBlock; v++) {
      float* row = c.at(op.in, image) + vectorOffset(op.in, v);
      const vf d = load(out + v * V) * scale;
      for (int32_t y = 0; y < op.height; y++, row += op.in.row) {
        for (int32_t x = 0; x < op.width; x++) {
          float* to = row + static_cast<size_t>(x) * op.in.pixel;
          store(to, op.accumulate ? load(to) + d : d);
        }
      }
    }
  }
}

}  // namespace pool
