// The WebAssembly build: the same kernels over the shared memory that JavaScript imports into every thread's instance. Each
// instance gets a stack of its own by setting __stack_pointer before the first call.
#include "run.h"

extern "C" {
__attribute__((export_name("run"))) void mnist_run(void* arena, int32_t program, int32_t thread) {
  run::thread(static_cast<float*>(arena), program, thread);
}
__attribute__((export_name("vectorWidth"))) int32_t mnist_vector_width() { return simd::V; }
__attribute__((export_name("programVersion"))) int32_t mnist_program_version() { return programVersion; }
__attribute__((export_name("peak"))) double mnist_peak() { return clock_::peak(); }
}
