// The interpreter's state, as an op sees it: arena, program, thread, and the step, task and group that run.
#pragma once
#include "program.gen.h"
#include "simd.h"

struct Context {
  float* arena;
  const Program* program;
  float* threadMemory;
  double* profile;     // the thread's row, or null
  int32_t* gates;      // the tasks that have passed each gate, counterWords apart
  int32_t step;        // within the chunk
  int32_t task;        // also the lane
  int32_t taskFirst;   // the batch's number of the task's first image
  int32_t groupFirst;  // the group's first image, counted from the task's first
  int32_t images;      // of the group
  bool streaming;      // stores of data for other threads bypass the caches

  // Image i of the group.
  float* at(const View& v, int32_t i) const {
    size_t image = static_cast<size_t>(v.image);
    switch (v.scope) {
      case scopeBatch: return arena + v.offset + image * static_cast<size_t>(taskFirst + groupFirst + i);
      case scopeTask: return threadMemory + v.offset + image * static_cast<size_t>(groupFirst + i);
      default: return threadMemory + v.offset + image * static_cast<size_t>(i);
    }
  }
  const uint8_t* bytes(int32_t offset) const { return reinterpret_cast<const uint8_t*>(arena + offset); }
  float* gradient(int32_t lane0) const { return arena + lane0 + static_cast<size_t>(task) * program->laneStride; }
  double* sums(int32_t lane0, int32_t lane) const {
    return reinterpret_cast<double*>(arena + lane0) + static_cast<size_t>(lane) * program->sumStride;
  }
  // The same for kernels that write one vector at a time: only a vector that fills a cache line may bypass the caches.
  bool streamingVectors() const { return streaming && simd::V == blockChannels; }
  bool firstGroup() const { return groupFirst == 0; }
  bool lastGroup() const {
    const int32_t end = groupFirst + images;
    return end == program->taskImages || end == program->batch - taskFirst;
  }
  int32_t lanes() const { return (program->batch + program->taskImages - 1) / program->taskImages; }
  uint32_t globalStep() const { return static_cast<uint32_t>(program->firstStep + step); }
};

// Distance in floats from the first vector of a pixel to its vector v.
static inline size_t vectorOffset(const View& view, int32_t v) {
  constexpr int perBlock = blockChannels / simd::V;
  return static_cast<size_t>(v / perBlock) * view.block + static_cast<size_t>(v % perBlock) * simd::V;
}

// Calls f(part, x) for every column, with part 0 for even and 1 for odd ones: additions into two sums do not wait for each other.
template <class F>
static inline void inTwoParts(int32_t width, F&& f) {
  int32_t x = 0;
  for (; x + 1 < width; x += 2) {
    f(0, x);
    f(1, x + 1);
  }
  if (x < width) f(0, x);
}

// Adds a vector of floats to V doubles.
static inline void addDoubles(double* sums, simd::vf v) {
  for (int i = 0; i < simd::V; i++) sums[i] += v[i];
}
