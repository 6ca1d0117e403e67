// The arithmetic of one element, the same on CPU and GPU, so that tests on either check both.
#pragma once

#include <cmath>

#include "ops.h"

#if defined(__CUDACC__)
#define FICE_INLINE __host__ __device__ __forceinline__
#else
#define FICE_INLINE inline __attribute__((always_inline))
#endif

namespace fice {

// The piecewise linear activations are compiled one by one, the others share one body that branches.
template <Act K>
struct Linear {
  static constexpr bool piecewise = true;
  template <class A>
  static FICE_INLINE A value(Act, A v, A alpha) {
    if (K == Act::linear) return v;
    if (K == Act::relu) return v < A(0) ? A(0) : v;
    return v > A(0) ? v : v * alpha;
  }
  template <class A>
  static FICE_INLINE A slope(Act, A v, A alpha) {
    return K == Act::linear || v > A(0) ? A(1) : K == Act::relu ? A(0) : alpha;
  }
};

struct Smooth {
  static constexpr bool piecewise = false;
  static constexpr double selu_scale = 1.0507009873554804934193349852946;
  static constexpr double selu_alpha = 1.6732632423543772848170429916717;

  template <class A>
  static FICE_INLINE A sigmoid(A v) {
    return A(1) / (A(1) + std::exp(-v));
  }
  template <class A>
  static FICE_INLINE A value(Act act, A v, A) {
    switch (act) {
      case Act::tanh: return std::tanh(v);
      case Act::sigmoid: return sigmoid(v);
      case Act::elu: return v > A(0) ? v : std::expm1(v);
      case Act::selu: return A(selu_scale) * (v > A(0) ? v : A(selu_alpha) * std::expm1(v));
      case Act::softplus: return (v > A(0) ? v : A(0)) + std::log1p(std::exp(-std::abs(v)));
      default: return v * sigmoid(v);  // swish
    }
  }
  template <class A>
  static FICE_INLINE A slope(Act act, A v, A) {
    const A s = sigmoid(v), t = std::tanh(v);
    switch (act) {
      case Act::tanh: return A(1) - t * t;
      case Act::sigmoid: return s * (A(1) - s);
      case Act::elu: return v > A(0) ? A(1) : std::exp(v);
      case Act::selu: return A(selu_scale) * (v > A(0) ? A(1) : A(selu_alpha) * std::exp(v));
      case Act::softplus: return s;
      default: return s * (A(1) + v * (A(1) - s));
    }
  }
  template <class A>
  static FICE_INLINE A curvature(Act act, A v, A) {
    const A s = sigmoid(v), t = std::tanh(v);
    switch (act) {
      case Act::tanh: return A(-2) * t * (A(1) - t * t);
      case Act::sigmoid: return s * (A(1) - s) * (A(1) - A(2) * s);
      case Act::elu: return v > A(0) ? A(0) : std::exp(v);
      case Act::selu: return v > A(0) ? A(0) : A(selu_scale * selu_alpha) * std::exp(v);
      case Act::softplus: return s * (A(1) - s);
      default: return s * (A(1) - s) * (A(2) + v * (A(1) - A(2) * s));
    }
  }
};

template <class A>
struct Scalars {
  Act act;
  A alpha, gain, clamp;
};

// T: the type in memory. A result read back was clamped to what T could hold of the limit.
template <class A, class T>
FICE_INLINE Scalars<A> scalars_of(const BiasAct& p) {
  const A clamp = p.clamp < 0 ? A(INFINITY) : A(p.clamp);
  return {p.act, A(p.alpha), A(p.gain), p.from_output ? static_cast<A>(static_cast<T>(clamp)) : clamp};
}

// v: argument plus bias, or the result where `from_output`; both have one sign, and slopes need no more.
template <class F, int Order, bool FromOutput, class A>
FICE_INLINE A bias_act_element(const Scalars<A>& p, A v, A g, A gg) {
  const A y = FromOutput ? v : F::value(p.act, v, p.alpha) * p.gain;
  if (Order == 0) return y < -p.clamp ? -p.clamp : y > p.clamp ? p.clamp : y;
  A d;
  if constexpr (Order == 2)
    d = F::curvature(p.act, v, p.alpha) * gg;
  else
    d = F::slope(p.act, v, p.alpha);
  return std::abs(y) < p.clamp ? g * d * p.gain : A(0);
}

FICE_INLINE int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
FICE_INLINE int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

// One output pixel: visits only pixels of x, never the zeros between them. x points at its plane.
// UX ... FH fix a factor at compile time, 0 leaves it to the struct.
template <class A, int UX, int UY, int DX, int DY, int FW, int FH, class T, class Tap>
FICE_INLINE A upfirdn_element(const Upfirdn& p, const T* x, const Tap* f, int64_t oy, int64_t ox) {
  const int ux = UX ? UX : p.ux, uy = UY ? UY : p.uy, dx = DX ? DX : p.dx, dy = DY ? DY : p.dy;
  const int fw = FW ? FW : p.fw, fh = FH ? FH : p.fh;
  const int64_t top = oy * dy - p.y0, left = ox * dx - p.x0;  // first tap, in the zero-stuffed picture
  const int64_t iy0 = ceil_div(top, uy), ix0 = ceil_div(left, ux);
  A sum = 0;
  for (int j = 0; j < (fh + uy - 1) / uy; ++j) {
    const int64_t iy = iy0 + j, ky = iy * uy - top;
    if (ky >= fh || iy < 0 || iy >= p.in_h) continue;
    const Tap* row = f + (p.flip ? ky : fh - 1 - ky) * fw;
    for (int i = 0; i < (fw + ux - 1) / ux; ++i) {
      const int64_t ix = ix0 + i, kx = ix * ux - left;
      if (kx >= fw || ix < 0 || ix >= p.in_w) continue;
      sum += A(row[p.flip ? kx : fw - 1 - kx]) * static_cast<A>(x[iy * p.xs[2] + ix * p.xs[3]]);
    }
  }
  return sum * A(p.gain);
}

}  // namespace fice
