#pragma once
#include <stddef.h>

#include <new>
#include <tuple>
#include <utility>

// A kernel of the sources, called as the driver calls one: with copies of its arguments.
struct Kernel {
  const char* name;
  size_t bytes;                                // of all arguments
  void (*pack)(void** parameters, void* to);  // copies the arguments, as a launch does
  void (*run)(const void* arguments);
};

template <auto FUNCTION>
struct Entry;
template <class... A, void (*FUNCTION)(A...)>
struct Entry<FUNCTION> {
  using Arguments = std::tuple<A...>;
  template <size_t... I>
  static void packEach(void** from, void* to, std::index_sequence<I...>) {
    new (to) Arguments(*static_cast<A*>(from[I])...);
  }
  static constexpr Kernel kernel(const char* name) {
    return {name, sizeof(Arguments), [](void** from, void* to) { packEach(from, to, std::index_sequence_for<A...>()); },
            [](const void* at) { std::apply(FUNCTION, *static_cast<const Arguments*>(at)); }};
  }
};

#define ENTRY(NAME) Entry<NAME>::kernel(#NAME),

// @returns the kernel of native/cuda/kernels-tf32.cu with this name, or null
const Kernel* tf32Kernel(const char* name);
