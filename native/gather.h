// opGather: the batch's pixels, augmented and normalized, into the first layer's input. Its border of zeros is PyTorch's
// padding of the normalized image.
#pragma once
#include "context.h"

namespace gather {

// Bilinear sample of a byte image [imageWidth][imageWidth] at (x, y); zero outside.
static inline float sample(const uint8_t* image, float x, float y) {
  constexpr int32_t n = imageWidth;
  if (!(x > -1.0f && y > -1.0f && x < n && y < n)) return 0.0f;
  const float fx = __builtin_floorf(x), fy = __builtin_floorf(y);
  const int32_t x0 = static_cast<int32_t>(fx), y0 = static_cast<int32_t>(fy);
  const float wx = x - fx, wy = y - fy;
  const auto pixel = [&](int32_t px, int32_t py) {
    return px >= 0 && py >= 0 && px < n && py < n ? static_cast<float>(image[py * n + px]) : 0.0f;
  };
  const float top = pixel(x0, y0) * (1.0f - wx) + pixel(x0 + 1, y0) * wx;
  const float bottom = pixel(x0, y0 + 1) * (1.0f - wx) + pixel(x0 + 1, y0 + 1) * wx;
  return top * (1.0f - wy) + bottom * wy;
}

KERNEL void execute(const GatherOp& op, const Context& c) {
  const Program& p = *c.program;
  const float scale = p.inverseDeviation / 255.0f, shift = -p.mean * p.inverseDeviation;
  for (int32_t i = 0; i < c.images; i++) {
    const int32_t position = c.step * p.batch + c.taskFirst + c.groupFirst + i;
    float* out = c.at(op.out, i);
    if (p.images < 0) {
      const float* image = c.arena + p.floatImages + static_cast<size_t>(position) * imagePixels;
      for (int32_t y = 0; y < imageWidth; y++, out += op.out.row) {
        for (int32_t x = 0; x < imageWidth; x++) out[x * op.out.pixel] = image[y * imageWidth + x] * p.inverseDeviation + shift;
      }
      continue;
    }
    const uint32_t index = p.indices >= 0 ? reinterpret_cast<const uint32_t*>(c.arena + p.indices)[position] : position;
    const uint8_t* image = c.bytes(p.images) + static_cast<size_t>(index) * imagePixels;
    if (p.affine < 0) {
      for (int32_t y = 0; y < imageWidth; y++, out += op.out.row) {
        for (int32_t x = 0; x < imageWidth; x++) out[x * op.out.pixel] = static_cast<float>(image[y * imageWidth + x]) * scale + shift;
      }
      continue;
    }
    const float* m = c.arena + p.affine + static_cast<size_t>(position) * affineFloats;
    for (int32_t y = 0; y < imageWidth; y++, out += op.out.row) {
      for (int32_t x = 0; x < imageWidth; x++) {
        const float sx = m[0] * x + m[1] * y + m[2], sy = m[3] * x + m[4] * y + m[5];
        out[x * op.out.pixel] = sample(image, sx, sy) * scale + shift;
      }
    }
  }
}

}  // namespace gather
