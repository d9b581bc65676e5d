// The end of a forward product whose depth K was cut into parts: adds the parts up.
#pragma once
#include "common.cuh"

// y [pixels, O4] = Σ parts + bias, then relu where isRelu. Each thread makes four outputs.
extern "C" __global__ void __launch_bounds__(256)
    combine(const float* parts, const float* bias, float* y, Divisor outputQuads, int quads, int count, int isRelu) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= quads) return;
  float4 sum = load4(parts + 4 * static_cast<size_t>(k));
  for (int i = 1; i < count; i++) sum = sum + load4(parts + 4 * (static_cast<size_t>(i) * quads + k));
  if (bias) sum = sum + load4(bias + 4 * divide(k, outputQuads).remainder);
  store4(y + 4 * static_cast<size_t>(k), isRelu ? relu(sum) : sum);
}
