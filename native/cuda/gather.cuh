// The batch's pixels, augmented and normalized, laid out for the first layer: out [N, P, Q, C4] holds for every output pixel the K×K
// pixels that a convolution looks at (K² filled up to C4). That convolution then becomes one of 1×1 with K² channels: with the image's single
// channel it would load one number at a time, or multiply by three zeros in four. K = 1 gives the image itself, K = 28 with P = Q = 1 a dense
// layer's input. Zeros around the image are PyTorch's padding of the normalized image.
//
//   for n, p, q, i, j:  out[n, p, q, i·K + j] = image[n, S·p + i − Z, S·q + j − Z]
#pragma once
#include "common.cuh"

// Bilinear sample of a byte image [imageWidth, imageWidth] at (x, y); zero outside.
__device__ inline float sampled(const uint8_t* image, float x, float y) {
  constexpr int n = imageWidth;
  if (!(x > -1.0f && y > -1.0f && x < n && y < n)) return 0.0f;
  const float left = floorf(x), top = floorf(y);
  const int x0 = static_cast<int>(left), y0 = static_cast<int>(top);
  const float wx = x - left, wy = y - top;
  const auto pixel = [&](int px, int py) {
    return px >= 0 && py >= 0 && px < n && py < n ? static_cast<float>(image[py * n + px]) : 0.0f;
  };
  const float above = pixel(x0, y0) * (1.0f - wx) + pixel(x0 + 1, y0) * wx;
  const float below = pixel(x0, y0 + 1) * (1.0f - wx) + pixel(x0 + 1, y0 + 1) * wx;
  return above * (1.0f - wy) + below * wy;
}

// One block for each image; a pixel becomes value · scale + shift.
extern "C" __global__ void __launch_bounds__(256) gather(const Run* run, float* out, Patches g, float scale, float shift) {
  __shared__ float image[imagePixels];
  const uint32_t place = run->indices ? run->position * gridDim.x + blockIdx.x : run->first + blockIdx.x;
  if (run->pixels) {
    const float* from = run->pixels + static_cast<size_t>(place) * imagePixels;
    for (int k = threadIdx.x; k < imagePixels; k += blockDim.x) image[k] = from[k] * (255.0f * scale) + shift;
  } else {
    const uint8_t* from = run->images + static_cast<size_t>(run->indices ? run->indices[place] : place) * imagePixels;
    const float* m = run->affine ? run->affine + static_cast<size_t>(place) * affineFloats : nullptr;
    for (int k = threadIdx.x; k < imagePixels; k += blockDim.x) {
      const int x = k % imageWidth, y = k / imageWidth;
      const float value = m ? sampled(from, m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]) : static_cast<float>(from[k]);
      image[k] = value * scale + shift;
    }
  }
  __syncthreads();
  const uint32_t count = g.outputPixels * g.quads.divisor;
  float* to = out + static_cast<size_t>(blockIdx.x) * count * 4;
  for (uint32_t k = threadIdx.x; k < count; k += blockDim.x) {
    const Split at = divide(k, g.quads), pixel = divide(at.quotient, g.outputWidth);
    float v[4];
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const uint32_t input = at.remainder * 4 + e;
      const Split tap = divide(input, g.kernel);
      const int y = static_cast<int>(pixel.quotient) * g.stride + static_cast<int>(tap.quotient) - g.padding;
      const int x = static_cast<int>(pixel.remainder) * g.stride + static_cast<int>(tap.remainder) - g.padding;
      const bool inside = input < static_cast<uint32_t>(g.inputs) && y >= 0 && y < imageWidth && x >= 0 && x < imageWidth;
      v[e] = inside ? image[y * imageWidth + x] : 0.0f;
    }
    store4(to + static_cast<size_t>(k) * 4, make_float4(v[0], v[1], v[2], v[3]));
  }
}
