// All kernels for one instruction set. Built once for each with -DKERNEL_ISA=name and that set's flags; nothing here may run
// before binding.cpp has seen that the processor has it.

// What the kernels take of the system, here already: it must not stand in their namespace.
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <chrono>

// Each build's own: the linker would take a function of the same name from any of them, whose vectors are of another width.
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
