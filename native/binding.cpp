// The Node-API side of the native build: threads that run programs, and the instruction sets of this processor. Built without instruction-set flags, so
// that it runs on every processor.
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdio.h>

#include "program.gen.h"
#include "threads.h"

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

// A session's threads, as JavaScript holds them.
struct Crew {
  Threads threads;
  napi_env env;
  napi_ref memory;  // must outlive the threads
  napi_threadsafe_function finished;  // calls JavaScript's done()
};

static void stopThreads(void* data) {
  Crew* crew = static_cast<Crew*>(data);
  crew->threads.stop();
  napi_delete_reference(crew->env, crew->memory);
  napi_release_threadsafe_function(crew->finished, napi_tsfn_abort);
  delete crew;
}

// Runs on JavaScript's thread. Node may end while no program runs, and not before.
static void sayDone(napi_env env, napi_value done, void* crew, void*) {
  if (!env) return;  // stopped meanwhile
  napi_unref_threadsafe_function(env, static_cast<Crew*>(crew)->finished);
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  napi_call_function(env, undefined, done, 0, nullptr, nullptr);
}

// start(isa, memory, threads, done) → threads that run programs in that memory. done(): the program has been run.
// isa: an index of supported(); memory: a Uint8Array over shared memory, from the arena's start
static napi_value start(napi_env env, napi_callback_info info) {
  size_t argc = 4, length = 0;
  napi_value args[4], result, name;
  int32_t isa = 0, threads = 0;
  void* arena = nullptr;
  napi_typedarray_type type;
  if (napi_get_cb_info(env, info, &argc, args, nullptr, nullptr) != napi_ok || argc != 4 || napi_get_value_int32(env, args[0], &isa) != napi_ok ||
      napi_get_typedarray_info(env, args[1], &type, &length, &arena, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, args[2], &threads) != napi_ok || threads < 1 || isa < 0 || isa >= isaCount || !isas[isa].usable()) {
    napi_throw_type_error(env, nullptr, "start(isa, memory, threads, done): an argument is wrong");
    return nullptr;
  }
  Crew* crew = new Crew{};
  crew->env = env;
  crew->threads.run = isas[isa].run;
  crew->threads.arena = arena;
  crew->threads.wanted = threads;
  crew->threads.owner = crew;
  crew->threads.done = [](void* owner) { napi_call_threadsafe_function(static_cast<Crew*>(owner)->finished, nullptr, napi_tsfn_nonblocking); };
  napi_create_string_utf8(env, "mnist-tui kernels", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, args[3], nullptr, name, 0, 1, nullptr, nullptr, crew, sayDone, &crew->finished) != napi_ok) {
    delete crew;
    napi_throw_type_error(env, nullptr, "start(isa, memory, threads, done): done is no function");
    return nullptr;
  }
  napi_unref_threadsafe_function(env, crew->finished);
  napi_create_reference(env, args[1], 1, &crew->memory);
  const int32_t started = crew->threads.start();
  if (started < threads) {
    stopThreads(crew);
    char message[96];
    snprintf(message, sizeof message, "The system gave %d of %d threads; use fewer --threads.", started, threads);
    napi_throw_error(env, nullptr, message);
    return nullptr;
  }
  // For a JavaScript that ends without stop(). Hooks run in reverse order: this one before the one that frees `finished`.
  napi_add_env_cleanup_hook(env, stopThreads, crew);
  napi_create_external(env, crew, nullptr, nullptr, &result);
  return result;
}

static Crew* crewOf(napi_env env, napi_value value) {
  void* crew = nullptr;
  return napi_get_value_external(env, value, &crew) == napi_ok ? static_cast<Crew*>(crew) : nullptr;
}

// run(threads, program) begins to run a program; the one before has to have ended.
static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2];
  int32_t program = 0;
  napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  Crew* crew = argc == 2 ? crewOf(env, args[0]) : nullptr;
  if (!crew || napi_get_value_int32(env, args[1], &program) != napi_ok) {
    napi_throw_type_error(env, nullptr, "run(threads, program): an argument is wrong");
    return nullptr;
  }
  napi_ref_threadsafe_function(env, crew->finished);
  crew->threads.begin(program);
  return nullptr;
}

// stop(threads) ends the threads, after the program that they run. To be called once.
static napi_value stop(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  Crew* crew = argc == 1 ? crewOf(env, args[0]) : nullptr;
  if (!crew) {
    napi_throw_type_error(env, nullptr, "stop(threads): the argument is wrong");
    return nullptr;
  }
  napi_remove_env_cleanup_hook(env, stopThreads, crew);
  stopThreads(crew);
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

// peak(isa) → multiply-adds a second of one thread that reads no memory
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
  napi_value version;
  napi_create_int32(env, programVersion, &version);
  napi_set_named_property(env, exports, "programVersion", version);
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"start", start}, {"run", run}, {"stop", stop}, {"supported", supported}, {"peak", peak}};
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  return exports;
}
