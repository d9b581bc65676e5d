// The Node-API side of the native build: run(isa, memory, program, thread) and what this processor can do. Built without
// instruction-set flags, so that it runs on the lowest processor.
#define NAPI_VERSION 8
#include <node_api.h>

#include "program.h"

extern "C" {
#define DECLARE(isa)                                                      \
  void mnist_run_##isa(void* arena, int32_t program, int32_t thread); \
  double mnist_peak_##isa();
DECLARE(baseline)
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#endif
}

struct Isa {
  const char* name;
  int32_t vectorWidth;
  bool (*usable)();
  void (*run)(void*, int32_t, int32_t);
  double (*peak)();
};

// Best first.
static const Isa isas[] = {
#if defined(__x86_64__)
    {"avx512", 16, [] { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"); }, mnist_run_avx512, mnist_peak_avx512},
    {"avx2", 8, [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }, mnist_run_avx2, mnist_peak_avx2},
#endif
    {"baseline", 4, [] { return true; }, mnist_run_baseline, mnist_peak_baseline},
};
constexpr int isaCount = sizeof isas / sizeof isas[0];

// run(isa index in supported() order of the full table, Uint8Array over the shared memory, program, thread)
static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value args[4];
  int32_t isa = 0, program = 0, thread = 0;
  void* data = nullptr;
  size_t length = 0;
  napi_typedarray_type type;
  if (napi_get_cb_info(env, info, &argc, args, nullptr, nullptr) != napi_ok || argc != 4 || napi_get_value_int32(env, args[0], &isa) != napi_ok ||
      napi_get_typedarray_info(env, args[1], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, args[2], &program) != napi_ok || napi_get_value_int32(env, args[3], &thread) != napi_ok || isa < 0 || isa >= isaCount ||
      !isas[isa].usable()) {
    napi_throw_type_error(env, nullptr, "run(isa, memory, program, thread): an argument is wrong");
    return nullptr;
  }
  isas[isa].run(data, program, thread);
  return nullptr;
}

// supported() → [{ name, index, vectorWidth }], best first
static napi_value supported(napi_env env, napi_callback_info) {
  napi_value list;
  napi_create_array(env, &list);
  uint32_t n = 0;
  for (int i = 0; i < isaCount; i++) {
    if (!isas[i].usable()) continue;
    napi_value entry, value;
    napi_create_object(env, &entry);
    napi_create_string_utf8(env, isas[i].name, NAPI_AUTO_LENGTH, &value);
    napi_set_named_property(env, entry, "name", value);
    napi_create_int32(env, i, &value);
    napi_set_named_property(env, entry, "index", value);
    napi_create_int32(env, isas[i].vectorWidth, &value);
    napi_set_named_property(env, entry, "vectorWidth", value);
    napi_set_element(env, list, n++, entry);
  }
  return list;
}

// peak(isa) → multiply-adds a second of one thread with everything in registers
static napi_value peak(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1], result;
  int32_t isa = 0;
  if (napi_get_cb_info(env, info, &argc, args, nullptr, nullptr) != napi_ok || argc != 1 || napi_get_value_int32(env, args[0], &isa) != napi_ok ||
      isa < 0 || isa >= isaCount || !isas[isa].usable()) {
    napi_throw_type_error(env, nullptr, "peak(isa): an argument is wrong");
    return nullptr;
  }
  napi_create_double(env, isas[isa].peak(), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value f, version;
  napi_create_int32(env, programVersion, &version);
  napi_set_named_property(env, exports, "programVersion", version);
  napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, nullptr, &f);
  napi_set_named_property(env, exports, "run", f);
  napi_create_function(env, "supported", NAPI_AUTO_LENGTH, supported, nullptr, &f);
  napi_set_named_property(env, exports, "supported", f);
  napi_create_function(env, "peak", NAPI_AUTO_LENGTH, peak, nullptr, &f);
  napi_set_named_property(env, exports, "peak", f);
  return exports;
}
