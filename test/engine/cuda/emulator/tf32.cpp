// The kernels on tensor cores. They have their own translation unit and namespace, since their functions have the same names as those in fp32.
#include <string.h>

#include "device.h"
#include "kernel.h"

// "#define forward_16x16 tf32_forward_16x16" …: the names of kernels are outside of namespaces.
#include "names-tf32.inc"
namespace tf32 {
#include "kernels-tf32.cu"

const Kernel kernels[] = {
#include "entries-tf32.inc"
};
}  // namespace tf32

const Kernel* tf32Kernel(const char* name) {
  for (const Kernel& kernel : tf32::kernels) {
    if (strcmp(kernel.name, name) == 0) return &kernel;
  }
  return nullptr;
}
