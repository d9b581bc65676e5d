// opLoss: softmax cross-entropy of ten logits an image, its gradient, and the count of correct predictions. opProbabilities: the outputs of inference.
// The arithmetic is in doubles: ten values an image cost nothing.
#pragma once
#include "context.h"

namespace loss {
// A logit's gradient below this becomes zero: it moves no weight, and the layers before would make slow subnormal numbers of it (update.h).
constexpr double tiny = 0x1p-60;

// e^x for x ≤ 0, to about 1e-15 relative: x = k·ln 2 + r, a Taylor polynomial in r, and k into the exponent. Written out because WebAssembly has no
// libm, and because every build is to give the same numbers.
static inline double exponential(double x) {
  if (x < -700.0) return 0.0;
  const double k = __builtin_floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  double sum = 1.0;
  for (int i = 13; i >= 1; i--) sum = 1.0 + sum * r / i;
  union {
    uint64_t bits;
    double value;
  } power = {static_cast<uint64_t>(static_cast<int64_t>(k) + 1023) << 52};
  return sum * power.value;
}

// ln x for x ≥ 1 by atanh: x = 2^k·m, ln m = 2·(s + s³/3 + …) with s = (m − 1)/(m + 1).
static inline double logarithm(double x) {
  union {
    double value;
    uint64_t bits;
  } u = {x};
  int64_t k = static_cast<int64_t>(u.bits >> 52) - 1023;
  u.bits = (u.bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
  double m = u.value;
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k++;
  }
  const double s = (m - 1.0) / (m + 1.0), q = s * s;
  double sum = 0.0;
  for (int i = 23; i >= 1; i -= 2) sum = sum * q + 1.0 / i;
  return 2.0 * s * sum + static_cast<double>(k) * 0.6931471805599453;
}

static int32_t best(const float* logits) {
  int32_t top = 0;
  for (int32_t i = 1; i < classes; i++) {
    if (logits[i] > logits[top]) top = i;
  }
  return top;
}

struct Softmax {
  double exponentials[classes];
  double sum = 0, top;

  explicit Softmax(const float* logits) {
    top = logits[best(logits)];
    for (int32_t i = 0; i < classes; i++) sum += exponentials[i] = exponential(logits[i] - top);
  }
  double crossEntropy(const float* logits, int32_t label) const { return logarithm(sum) + top - logits[label]; }
};

static int32_t label(const Context& c, int32_t image) {
  const Program& p = *c.program;
  const int32_t position = c.step * p.batch + c.taskFirst + c.groupFirst + image;
  const uint32_t index = p.indices >= 0 ? reinterpret_cast<const uint32_t*>(c.arena + p.indices)[position] : position;
  return c.bytes(p.labels)[index];
}

KERNEL void execute(const LossOp& op, const Context& c) {
  double* lane = reinterpret_cast<double*>(c.arena + c.program->laneLoss) + laneLossDoubles * c.task;
  if (c.firstGroup()) lane[0] = lane[1] = 0;
  const double weight = 1.0 / c.program->batch;
  for (int32_t i = 0; i < c.images; i++) {
    const float* logits = c.at(op.logits, i);
    float* gradient = c.at(op.dLogits, i);
    const int32_t truth = label(c, i);
    const Softmax s(logits);
    lane[0] += s.crossEntropy(logits, truth);
    lane[1] += best(logits) == truth;
    for (int32_t k = 0; k < classes; k++) {
      const double exact = (s.exponentials[k] / s.sum - (k == truth)) * weight;
      gradient[k] = exact > tiny || exact < -tiny ? static_cast<float>(exact) : 0.0f;
    }
    for (int32_t k = classes; k < blockChannels; k++) gradient[k] = 0;
  }
}

static void finish(const LossFinishOp&, const Context& c) {
  const Program& p = *c.program;
  const double* lane = reinterpret_cast<const double*>(c.arena + p.laneLoss);
  double total = 0, correct = 0;
  for (int32_t i = 0; i < c.lanes(); i++) {
    total += lane[laneLossDoubles * i];
    correct += lane[laneLossDoubles * i + 1];
  }
  c.arena[p.loss + c.step] = static_cast<float>(total / p.batch);
  reinterpret_cast<uint32_t*>(c.arena)[p.correct + c.step] = static_cast<uint32_t>(correct);
}

// Inference: logits, or where there are labels the probabilities and the loss of every image.
KERNEL void probabilities(const ProbabilitiesOp& op, const Context& c) {
  const Program& p = *c.program;
  for (int32_t i = 0; i < c.images; i++) {
    const float* logits = c.at(op.logits, i);
    const size_t position = static_cast<size_t>(c.taskFirst + c.groupFirst + i);
    float* out = c.arena + p.probabilities + position * blockChannels;
    for (int32_t k = 0; k < classes; k++) out[k] = logits[k];
    if (p.labels < 0) continue;
    const Softmax s(logits);
    c.arena[p.loss + position] = static_cast<float>(s.crossEntropy(logits, label(c, i)));
    for (int32_t k = 0; k < classes; k++) out[k] = static_cast<float>(s.exponentials[k] / s.sum);
  }
}

}  // namespace loss
