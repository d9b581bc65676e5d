// Softmax cross-entropy of ten logits an image (rows of logitFloats in memory), its gradient and the count of correct predictions.
#pragma once
#include "common.cuh"

struct Softmax {
  float logits[classes];
  float exponentials[classes];
  float others = 0, sum;  // Σ e^(logit − highest): over all classes but the highest, and over all
  int best = 0;

  __device__ explicit Softmax(const float* row) {
#pragma unroll
    for (int i = 0; i < classes; i += 2) {
      const float2 v = *reinterpret_cast<const float2*>(row + i);
      logits[i] = v.x, logits[i + 1] = v.y;
    }
    float highest = logits[0];
#pragma unroll
    for (int i = 1; i < classes; i++) {
      if (logits[i] > highest) highest = logits[i], best = i;
    }
#pragma unroll
    for (int i = 0; i < classes; i++) {
      exponentials[i] = expf(logits[i] - highest);
      if (i != best) others += exponentials[i];
    }
    sum = 1.0f + others;
  }
  // −log softmax[label]. log1p keeps the digits of a loss near zero.
  __device__ float crossEntropy(int label) const {
    float chosen = 0, highest = 0;
#pragma unroll
    for (int i = 0; i < classes; i++) {
      if (i == label) chosen = logits[i];
      if (i == best) highest = logits[i];
    }
    return log1pf(others) + (highest - chosen);
  }
};

// Training, in one block: from logits [images, 12] the gradients dLogits [images, 12], the step's mean loss and its correct predictions.
//
//   for n, i:  dLogits[n, i] = (softmax(logits[n])[i] − (i == label[n])) / N
extern "C" __global__ void __launch_bounds__(lossThreads) loss(const Run* run, const float* logits, float* dLogits, int images) {
  __shared__ double losses[lossThreads];
  __shared__ uint32_t hits[lossThreads];
  const float share = 1.0f / images;
  double sum = 0;
  uint32_t correct = 0;
  for (int n = threadIdx.x; n < images; n += lossThreads) {
    const Softmax s(logits + n * logitFloats);
    const int label = run->labels[run->indices[run->position * images + n]];
    sum += s.crossEntropy(label);
    correct += s.best == label;
    float d[logitFloats] = {};
#pragma unroll
    for (int i = 0; i < classes; i++) d[i] = (s.exponentials[i] / s.sum - (i == label ? 1.0f : 0.0f)) * share;
#pragma unroll
    for (int i = 0; i < logitFloats; i += 4) store4(dLogits + n * logitFloats + i, make_float4(d[i], d[i + 1], d[i + 2], d[i + 3]));
  }
  losses[threadIdx.x] = sum;
  hits[threadIdx.x] = correct;
  for (int half = lossThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      losses[threadIdx.x] += losses[threadIdx.x + half];
      hits[threadIdx.x] += hits[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    run->loss[run->position] = static_cast<float>(losses[0] / images);
    run->correct[run->position] = hits[0];
  }
}

// Inference, one thread for each image: its logits, or, where there are labels, its probabilities, loss and prediction. The last block sets
// run->first to the next batch.
extern "C" __global__ void __launch_bounds__(256) answer(Run* run, const float* logits, uint32_t* ticket, int images) {
  const int n = blockIdx.x * blockDim.x + threadIdx.x;
  if (n < images) {
    const Softmax s(logits + n * logitFloats);
    const size_t place = run->first + n;
    const bool judged = run->labels != nullptr;
#pragma unroll
    for (int i = 0; i < classes; i++) run->outputs[place * classes + i] = judged ? s.exponentials[i] / s.sum : s.logits[i];
    if (judged) {
      run->loss[place] = s.crossEntropy(run->labels[place]);
      run->correct[place] = s.best;
    }
  }
  if (lastBlock(ticket, gridDim.x) && threadIdx.x == 0) run->first += images;
}
