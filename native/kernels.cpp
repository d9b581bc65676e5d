// All kernels for one instruction set, built once for each set with -DKERNEL_ISA=name and its flags. binding.cpp calls a build only where the processor
// has the set.

// The system's headers that the kernels include, outside of the kernels' namespace.
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <chrono>

// Unnamed, so that each build keeps its own functions: the linker would merge those of the same name, whose vectors are of another width.
namespace {
#include "run.h"
}

#define KERNEL_JOIN(name, isa) mnist_##name##_##isa
#define KERNEL_NAME(name, isa) KERNEL_JOIN(name, isa)

// `program` counts floats from the arena's start.
extern "C" void KERNEL_NAME(run, KERNEL_ISA)(void* arena, int32_t program, int32_t thread) {
  run::thread(static_cast<float*>(arena), program, thread);
}

extern "C" double KERNEL_NAME(peak, KERNEL_ISA)() { return clock_::peak(); }
