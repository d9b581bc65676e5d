// The kernels that multiply matrices, on tensor cores: native/cuda/kernels-tf32.ptx, for --tf32. Names and parameters are those of kernels.cu.
#define TENSOR_CORES
#include "convolution.cuh"
