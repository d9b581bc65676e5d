// All kernels in fp32: one module, native/cuda/kernels.ptx (npm run build:cuda).
#include "activation.cuh"
#include "combine.cuh"
#include "convolution.cuh"
#include "gather.cuh"
#include "loss.cuh"
#include "normalize.cuh"
#include "pool.cuh"
#include "update.cuh"
