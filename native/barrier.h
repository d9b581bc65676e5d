// The barrier: threads meet here at the end of a phase. The last thread to arrive works alone for a moment (`finish`), then lets the others go. A
// waiting thread looks for other work (`meanwhile`, which returns whether it has done some), spins and offers its core to other threads for a while,
// then sleeps: more threads than cores lose little.
#pragma once
#include <stdint.h>

#include "program.gen.h"

#if !defined(__wasm__)
#include <sched.h>

#include <atomic>
#endif

namespace barrier {

static inline int32_t load(int32_t* p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void store(int32_t* p, int32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline int32_t add(int32_t* p, int32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
// Writes `next` where *p is still `seen`, and returns true; else reads *p into `seen`.
static inline bool swap(int32_t* p, int32_t& seen, int32_t next) {
  return __atomic_compare_exchange_n(p, &seen, next, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// Offers the core to other threads, where the system has a call for that.
#if defined(__wasm__)
constexpr bool yields = false;
static inline void yield() {}
#else
constexpr bool yields = true;
static inline void yield() { sched_yield(); }
#endif

static inline void sleepWhile(int32_t* p, int32_t value) {
#if defined(__wasm__)
  __builtin_wasm_memory_atomic_wait32(p, value, -1);
#else
  reinterpret_cast<std::atomic<int32_t>*>(p)->wait(value, std::memory_order_acquire);
#endif
}

static inline void wakeAll(int32_t* p) {
#if defined(__wasm__)
  __builtin_wasm_memory_atomic_notify(p, 0x7fffffff);
#else
  reinterpret_cast<std::atomic<int32_t>*>(p)->notify_all();
#endif
}

// word[0]: threads that have arrived; word[counterWords]: the generation, on a cache line of its own.
template <class F, class G>
static void meet(int32_t* word, int32_t threads, F&& finish, G&& meanwhile) {
  int32_t* generation = word + counterWords;
  const int32_t mine = load(generation);
  if (add(word, 1) + 1 == threads) {
    finish();
    store(word, 0);
    store(generation, mine + 1);
    if (threads > 1) wakeAll(generation);
    return;
  }
  constexpr int turns = yields ? 10000 : 4000, turnsPerLook = 16;
  for (int i = 0; i < turns; i++) {
    if (load(generation) != mine) return;
    if (i % turnsPerLook != 0) relax();
    else if (!meanwhile()) yield();
  }
  while (load(generation) == mine) sleepWhile(generation, mine);
}

}  // namespace barrier
