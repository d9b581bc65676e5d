// The optimizer's step, after PyTorch's torch.optim.Adam, SGD and RMSprop, on all parameters in one launch. Parameters and slots lie in
// arenas of one layout; a table of segments has the gradients' addresses and the number of their parts.
#pragma once
#include "common.cuh"

__device__ inline float4 gradientOf(const Segment& s, uint32_t k) {
  float4 sum = load4(s.gradient + k);
  for (uint32_t i = 1; i < s.parts; i++) sum = sum + load4(s.gradient + static_cast<size_t>(i) * s.count + k);
  return sum;
}

struct Rates {
  float rate, stepSize, rootCorrection, momentum, weightDecay;
  int optimizer;
  bool momentumSlot;

  // Updates w, and the slots that the optimizer has, from the gradient g.
  __device__ void apply(float& w, float g, float& first, float& second) const {
    g += weightDecay * w;
    if (optimizer == optimizerAdam) {
      first = static_cast<float>(adamBeta1) * first + static_cast<float>(1 - adamBeta1) * g;
      second = static_cast<float>(adamBeta2) * second + static_cast<float>(1 - adamBeta2) * g * g;
      w -= stepSize * first / (sqrtf(second) / rootCorrection + static_cast<float>(adamEpsilon));
      return;
    }
    if (optimizer == optimizerSgd) {
      if (momentumSlot) g = first = momentum * first + g;
    } else {
      first = static_cast<float>(rmspropAlpha) * first + static_cast<float>(1 - rmspropAlpha) * g * g;
      g = g / (sqrtf(first) + static_cast<float>(rmspropEpsilon));
      if (momentumSlot) g = second = momentum * second + g;
    }
    w -= rate * g;
  }
};

// Each thread updates four parameters. slot0, slot1: null where the optimizer has no such slot. The last block to finish ends the step.
extern "C" __global__ void __launch_bounds__(updateThreads)
    update(Run* run, const Segment* segments, const UpdateBlock* blocks, float* parameters, float* slot0, float* slot1, uint32_t* ticket,
           int optimizer, float momentum, float weightDecay) {
  const UpdateBlock block = blocks[blockIdx.x];
  const Segment segment = segments[block.segment];
  const float* rates = run->rates + rateFloats * run->position;
  const Rates r{rates[0], rates[0] / rates[1], rates[2], momentum, weightDecay, optimizer, momentum != 0.0f};
  const uint32_t k = block.from + 4 * threadIdx.x;
  if (k < block.end) {
    const size_t at = segment.first + k;
    const float4 g = gradientOf(segment, k);
    float4 w = load4(parameters + at), a = slot0 ? load4(slot0 + at) : zero4(), b = slot1 ? load4(slot1 + at) : zero4();
    r.apply(w.x, g.x, a.x, b.x);
    r.apply(w.y, g.y, a.y, b.y);
    r.apply(w.z, g.z, a.z, b.z);
    r.apply(w.w, g.w, a.w, b.w);
    store4(parameters + at, w);
    if (slot0) store4(slot0 + at, a);
    if (slot1) store4(slot1 + at, b);
  }
  if (lastBlock(ticket, gridDim.x) && threadIdx.x == 0) {
    run->position++;
    run->step++;
  }
}

// Launched on request: sums [blocks] of the squares of the last step's gradients, which the host adds up segment by segment.
extern "C" __global__ void __launch_bounds__(updateThreads) gradientSquares(const Segment* segments, const UpdateBlock* blocks, float* sums) {
  __shared__ float squares[updateThreads];
  const UpdateBlock block = blocks[blockIdx.x];
  const Segment segment = segments[block.segment];
  const uint32_t k = block.from + 4 * threadIdx.x;
  float sum = 0;
  if (k < block.end) {
    const float4 g = gradientOf(segment, k);
    sum = g.x * g.x + g.y * g.y + g.z * g.z + g.w * g.w;
  }
  squares[threadIdx.x] = sum;
  for (int half = updateThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) squares[threadIdx.x] += squares[threadIdx.x + half];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = squares[0];
}
