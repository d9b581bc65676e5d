// Global average pool. x [N, A, C4] with A = H·W pixels, y [N, C4]. Each thread takes four channels of an image, backward of a pixel.
#pragma once
#include "common.cuh"

//   for n, a, c:  y[n, c] += x[n, a, c] / A
extern "C" __global__ void __launch_bounds__(256) globalAveragePool(const float* x, float* y, Pool g, int count) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= count) return;
  const Split at = divide(k, g.quads);
  const int area = g.height.divisor * g.width.divisor;
  const float* from = x + (static_cast<size_t>(at.quotient) * area * g.quads.divisor + at.remainder) * 4;
  float4 sum = zero4();
  for (int a = 0; a < area; a++) sum = sum + load4(from + static_cast<size_t>(a) * g.quads.divisor * 4);
  const float share = 1.0f / area;
  store4(y + 4 * static_cast<size_t>(k), sum * share);
}

//   for n, a, c:  dx[n, a, c] = dy[n, c] / A; only where mask > 0, if x is the output of a relu
extern "C" __global__ void __launch_bounds__(256)
    globalAveragePoolBack(const float* dy, float* dx, const float* mask, Pool g, int count, int accumulate) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= count) return;
  const Split at = divide(k, g.quads);
  const float share = 1.0f / (g.height.divisor * g.width.divisor);
  float4 d = load4(dy + (static_cast<size_t>(at.quotient / g.width / g.height) * g.quads.divisor + at.remainder) * 4) * share;
  float* to = dx + 4 * static_cast<size_t>(k);
  if (mask) d = where(load4(mask + 4 * static_cast<size_t>(k)), d);
  store4(to, accumulate ? d + load4(to) : d);
}
