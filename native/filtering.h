// The transforms of Winograd's minimal filtering F(M, 3), in one dimension and in two.
#pragma once
#include "simd.h"

namespace winograd {
using namespace simd;

constexpr int taps = 3;

// Positive interpolation points: of those that a search tried, the ones with the least rounding error (docs/decisions/0019-winograd.md). Their negatives
// are points too, and so are infinity and, where M is even, 0.
template <int M>
constexpr double points[] = {};
template <>
constexpr double points<3>[] = {0.4, 1.25};
template <>
constexpr double points<4>[] = {0.70710678118654752, 1.41421356237309505};
template <>
constexpr double points<5>[] = {0.25, 0.85, 1.75};
template <>
constexpr double points<7>[] = {0.25, 0.66, 1.1, 2.2};

// The transforms of one M in one dimension, after Toom and Cook: their matrices follow from the points. N(x) is the product of x − p over all finite
// points p. Row p of B has the coefficients of N(x) / (x − p), row p of A the powers of p, row p of G the powers of p over N'(p). Row ∞ of B has the
// coefficients of N, row ∞ of A and G picks the last element. Points come in pairs ±p, whose rows share most of their terms.
template <int M>
struct Filtering {
  static constexpr int side = M + taps - 1, positions = side * side;
  static constexpr bool zero = M % 2 == 0;
  static constexpr int pairs = (side - 1 - zero) / 2;

  struct Constants {
    float point[pairs], square[pairs];
    float rest[pairs][pairs];     // of x⁰, x², …: the product of x² − l² over the other points l
    float all[pairs + 1];         // the same over all points
    float power[pairs][M];
    float weight[pairs];          // 1 / N'(p)
    float weightOfZero;

    constexpr Constants() : point(), square(), rest(), all(), power(), weight(), weightOfZero() {
      double whole[pairs + 1] = {1};
      for (int k = 0; k < pairs; k++) multiply(whole, k, points<M>[k]);
      for (int i = 0; i <= pairs; i++) all[i] = static_cast<float>(whole[i]);
      weightOfZero = static_cast<float>(1 / whole[0]);
      for (int k = 0; k < pairs; k++) {
        const double p = points<M>[k];
        point[k] = static_cast<float>(p);
        square[k] = static_cast<float>(p * p);
        double others[pairs + 1] = {1}, slope = zero ? 2 * p * p : 2 * p;
        for (int l = 0, degree = 0; l < pairs; l++) {
          if (l == k) continue;
          multiply(others, degree++, points<M>[l]);
          slope *= p * p - points<M>[l] * points<M>[l];
        }
        for (int i = 0; i < pairs; i++) rest[k][i] = static_cast<float>(others[i]);
        weight[k] = static_cast<float>(1 / slope);
        double power = 1;
        for (int j = 0; j < M; j++, power *= p) this->power[k][j] = static_cast<float>(power);
      }
    }

    // Multiplies a polynomial in x² of this degree by x² − p².
    static constexpr void multiply(double* polynomial, int degree, double p) {
      polynomial[degree + 1] = 0;
      for (int i = degree + 1; i >= 0; i--) polynomial[i] = (i > 0 ? polynomial[i - 1] : 0) - p * p * polynomial[i];
    }
  };
  static constexpr Constants constants = Constants();

  // Bᵀ d
  static inline void input(const vf (&d)[side], vf (&v)[side]) {
#pragma GCC unroll 4
    for (int k = 0; k < pairs; k++) {
      vf even = d[zero + 2 * pairs - 2], odd = d[zero + 2 * pairs - 1];
#pragma GCC unroll 4
      for (int i = 0; i < pairs - 1; i++) {
        even = fma(d[zero + 2 * i], constants.rest[k][i], even);
        odd = fma(d[zero + 2 * i + 1], constants.rest[k][i], odd);
      }
      v[zero + 2 * k] = fma(even, constants.point[k], odd);
      v[zero + 2 * k + 1] = fma(even, -constants.point[k], odd);
    }
    vf first = d[side - 2], last = d[side - 1];
#pragma GCC unroll 4
    for (int i = 0; i < pairs; i++) {
      if (zero) first = fma(d[2 * i], constants.all[i], first);
      last = fma(d[zero + 2 * i], constants.all[i], last);
    }
    if (zero) v[0] = first;
    v[side - 1] = last;
  }

  // Aᵀ m
  static inline void output(const vf (&m)[side], vf (&y)[M]) {
    vf sum[pairs], difference[pairs];
#pragma GCC unroll 4
    for (int k = 0; k < pairs; k++) {
      sum[k] = m[zero + 2 * k] + m[zero + 2 * k + 1];
      difference[k] = m[zero + 2 * k] - m[zero + 2 * k + 1];
    }
    y[0] = zero ? m[0] + sum[0] : sum[0];
#pragma GCC unroll 4
    for (int k = 1; k < pairs; k++) y[0] += sum[k];
#pragma GCC unroll 7
    for (int j = 1; j < M; j++) {
      const vf(&terms)[pairs] = j % 2 ? difference : sum;
      y[j] = j == M - 1 ? fma(terms[0], constants.power[0][j], m[side - 1]) : terms[0] * constants.power[0][j];
#pragma GCC unroll 4
      for (int k = 1; k < pairs; k++) y[j] = fma(terms[k], constants.power[k][j], y[j]);
    }
  }

  // A dy
  static inline void gradient(const vf (&y)[M], vf (&v)[side]) {
    constexpr int lastEven = (M - 1) / 2 * 2, lastOdd = M / 2 * 2 - 1;
    if (zero) v[0] = y[0];
#pragma GCC unroll 4
    for (int k = 0; k < pairs; k++) {
      vf even = y[lastEven], odd = y[lastOdd];
#pragma GCC unroll 4
      for (int j = lastEven - 2; j >= 0; j -= 2) even = fma(even, constants.square[k], y[j]);
#pragma GCC unroll 4
      for (int j = lastOdd - 2; j >= 0; j -= 2) odd = fma(odd, constants.square[k], y[j]);
      v[zero + 2 * k] = fma(odd, constants.point[k], even);
      v[zero + 2 * k + 1] = fma(odd, -constants.point[k], even);
    }
    v[side - 1] = y[M - 1];
  }

  // G w. N' is even where 0 is a point, else odd.
  static inline void filter(const vf (&w)[taps], vf (&u)[side]) {
    if (zero) u[0] = constants.weightOfZero * w[0];
#pragma GCC unroll 4
    for (int k = 0; k < pairs; k++) {
      const vf even = constants.weight[k] * fma(w[2], constants.square[k], w[0]), odd = constants.weight[k] * constants.point[k] * w[1];
      u[zero + 2 * k] = even + odd;
      u[zero + 2 * k + 1] = zero ? even - odd : odd - even;
    }
    u[side - 1] = w[2];
  }

  // Gᵀ u
  static inline void filterGradient(const vf (&u)[side], vf (&w)[taps]) {
    w[0] = zero ? constants.weightOfZero * u[0] : simd::zero();
    w[1] = simd::zero();
    w[2] = u[side - 1];
#pragma GCC unroll 4
    for (int k = 0; k < pairs; k++) {
      const vf one = u[zero + 2 * k], other = zero ? u[zero + 2 * k + 1] : -u[zero + 2 * k + 1];
      const vf even = constants.weight[k] * (one + other), odd = constants.weight[k] * (one - other);
      w[0] += even;
      w[1] = fma(odd, constants.point[k], w[1]);
      w[2] = fma(even, constants.square[k], w[2]);
    }
  }
};

// A transform in both dimensions: store(r, c, T X Tᵀ) of X = load(r, c). The loops stay loops: all vectors of a window at once fit no register file,
// and of straight code V8 loads everything first and then spills most of it.
template <int From, int To, void (*transform)(const vf (&)[From], vf (&)[To]), class Load, class Store>
static inline __attribute__((always_inline)) void both(Load load, Store store) {
  vf half[To * From];
#pragma GCC unroll 1
  for (int c = 0; c < From; c++) {
    vf in[From], out[To];
#pragma GCC unroll 9
    for (int r = 0; r < From; r++) in[r] = load(r, c);
    transform(in, out);
    vf* column = half + c;
#pragma GCC unroll 9
    for (int r = 0; r < To; r++) column[r * From] = out[r];
  }
#pragma GCC unroll 1
  for (int r = 0; r < To; r++) {
    const vf* row = half + r * From;
    vf in[From], out[To];
#pragma GCC unroll 9
    for (int c = 0; c < From; c++) in[c] = row[c];
    transform(in, out);
#pragma GCC unroll 9
    for (int c = 0; c < To; c++) store(r, c, out[c]);
  }
}

}  // namespace winograd
