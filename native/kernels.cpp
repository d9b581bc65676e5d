// All kernels for one instruction set. Built once for each with -DKERNEL_ISA=name and that set's flags; nothing here may run
// before detect() in binding.cpp has seen that the processor has it.
#include "run.h"

#define KERNEL_NAME2(isa) mnist_run_##isa
#define KERNEL_NAME(isa) KERNEL_NAME2(isa)

// `program` counts floats from the arena's start.
extern "C" void KERNEL_NAME(KERNEL_ISA)(void* arena, int32_t program, int32_t thread) {
  run::thread(static_cast<float*>(arena), program, thread);
}
