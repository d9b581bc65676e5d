// One vector type for every instruction set, by the compilers' vector extensions. The kernels are written once; the compiler's flags decide how wide a
// vector is and how many registers a tile may take.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define SIMD_WIDTH 16
#elif defined(__AVX2__)
#define SIMD_WIDTH 8
#else
#define SIMD_WIDTH 4
#endif

// Kernels are not inlined: V8 allocates registers carelessly in a function of more than 8,192 values (docs/decisions/0020-kernels-for-v8.md).
#define KERNEL static __attribute__((noinline))

namespace simd {

constexpr int V = SIMD_WIDTH;

// Rows of a register tile of n columns: its sums and their factors have to fit the register file. V8, which compiles WebAssembly, loads everything that
// a turn of the inner loop needs before the first multiplication, so each row takes one register more (docs/decisions/0020-kernels-for-v8.md).
constexpr int tileRows(int n) {
#if defined(__AVX512F__) || defined(__aarch64__)
  return 28 / n;
#elif defined(__wasm__)
  return (15 - n) / (n + 1);
#else
  return 10 / n;
#endif
}

typedef float vf __attribute__((vector_size(V * 4)));
typedef uint32_t vu __attribute__((vector_size(V * 4)));
typedef float vfUnaligned __attribute__((vector_size(V * 4), aligned(4), may_alias));

static inline vf load(const float* p) { return *reinterpret_cast<const vfUnaligned*>(p); }
static inline void store(float* p, vf v) { *reinterpret_cast<vfUnaligned*>(p) = v; }

// Fetches the cache line of *p ahead of a read, or ahead of a write, which takes it away from the other cores that have read it. WebAssembly has no
// such instruction; `fetches` lets callers leave out the loops around it.
#if defined(__wasm__)
constexpr bool fetches = false;
static inline void willRead(const float*) {}
static inline void willWrite(const float*) {}
#else
constexpr bool fetches = true;
static inline void willRead(const float* p) { __builtin_prefetch(p); }
static inline void willWrite(const float* p) { __builtin_prefetch(p, 1); }
#endif

// Stores past the caches, for lines that other cores have read and will read: a plain store would wait until they have given the line up. All of a line
// has to be written at once, or the processor writes it in parts; ordered() has to be called before other threads learn of the data.
#if defined(__x86_64__)
#if defined(__clang__)
static inline void stream(float* p, vf v) { __builtin_nontemporal_store(v, reinterpret_cast<vf*>(p)); }
#elif SIMD_WIDTH == 16
static inline void stream(float* p, vf v) { __builtin_ia32_movntps512(p, v); }
#elif SIMD_WIDTH == 8
static inline void stream(float* p, vf v) { __builtin_ia32_movntps256(p, v); }
#else
static inline void stream(float* p, vf v) { __builtin_ia32_movntps(p, v); }
#endif
static inline void ordered() { __builtin_ia32_sfence(); }
// Whether that is faster than a plain store: on AMD's processors (docs/decisions/0003-cpu-engine.md).
static inline bool streamingPays() { return __builtin_cpu_is("amd"); }
#else
static inline void stream(float* p, vf v) { store(p, v); }
static inline void ordered() {}
static inline bool streamingPays() { return false; }
#endif

static inline void store(float* p, vf v, bool streaming) {
  if (streaming) {
    stream(p, v);
  } else {
    store(p, v);
  }
}

#if SIMD_WIDTH == 16
#define SIMD_EACH(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}
#define SIMD_IOTA {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#elif SIMD_WIDTH == 8
#define SIMD_EACH(x) {x, x, x, x, x, x, x, x}
#define SIMD_IOTA {0, 1, 2, 3, 4, 5, 6, 7}
#else
#define SIMD_EACH(x) {x, x, x, x}
#define SIMD_IOTA {0, 1, 2, 3}
#endif

static inline vf broadcast(float x) { return vf SIMD_EACH(x); }
static inline vu broadcast(uint32_t x) { return vu SIMD_EACH(x); }
static inline vu iota() { return vu SIMD_IOTA; }
static inline vf zero() { return vf{}; }
static inline vf abs(vf v) { return reinterpret_cast<vf>(reinterpret_cast<vu>(v) & 0x7fffffffu); }
static inline vf max(vf a, vf b) { return a > b ? a : b; }

// a·b + c, fused where the instruction set has it. WebAssembly without relaxed SIMD rounds twice.
static inline vf fma(vf a, vf b, vf c) {
#if defined(__wasm_relaxed_simd__)
  return __builtin_wasm_relaxed_madd_f32x4(a, b, c);
#else
  return a * b + c;  // -ffp-contract=fast
#endif
}

static inline vf fma(vf a, float b, vf c) { return fma(a, broadcast(b), c); }

static inline vf sqrt(vf v) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(v);
#else
  for (int i = 0; i < V; i++) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

// The numbers 0 … V − 1 as template arguments, to write a shuffle with.
template <int... K>
struct Elements {};
template <int N, int... K>
struct UpTo : UpTo<N - 1, N - 1, K...> {};
template <int... K>
struct UpTo<0, K...> {
  using type = Elements<K...>;
};

// The vector of the elements with these numbers; a has the numbers below V, b those from V on.
template <int... N>
static inline vf shuffle(vf a, vf b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, N...);
#else
  typedef int32_t vi __attribute__((vector_size(V * 4)));
  return __builtin_shuffle(a, b, vi{N...});
#endif
}

// Exchanges the H-wide parts of two rows that lie across the diagonal.
template <int H, int... K>
static inline void exchange(vf& a, vf& b, Elements<K...>) {
  const vf first = shuffle<(K & H ? V + K - H : K)...>(a, b), second = shuffle<(K & H ? V + K : K + H)...>(a, b);
  a = first;
  b = second;
}

// Transposes a square of V×V, row by row: its halves, quarters and so on change places.
template <int H = V / 2>
static inline void transpose(vf (&rows)[V]) {
#pragma GCC unroll 16
  for (int i = 0; i < V; i++) {
    if (!(i & H)) exchange<H>(rows[i], rows[i + H], UpTo<V>::type{});
  }
  if constexpr (H > 1) transpose<H / 2>(rows);
}

}  // namespace simd
