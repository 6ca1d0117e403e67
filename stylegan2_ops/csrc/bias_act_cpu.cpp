// bias_act on the CPU: one pass over memory, vectorised by the compiler.
#include <ATen/Parallel.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>

#include "element.h"

namespace fice {
namespace {

constexpr int64_t kGrain = 16384;  // elements a thread takes at least

enum class Bias { none, constant, running };

// A run of elements whose bias is absent, one number, or consecutive numbers.
template <class F, int Order, bool FromOutput, Bias B, class T, class A>
void run(const Scalars<A>& scalars, const T* __restrict in, const T* __restrict bias, const T* __restrict g,
         const T* __restrict gg, T* __restrict out, int64_t n) {
  const Scalars<A> p = scalars;  // a copy that `out` cannot alias
  const A shift = B == Bias::constant ? static_cast<A>(*bias) : A(0);
  for (int64_t i = 0; i < n; ++i) {
    A v = static_cast<A>(in[i]);
    if (B == Bias::constant) v += shift;
    if (B == Bias::running) v += static_cast<A>(bias[i]);
    const A first = Order > 0 ? static_cast<A>(g[i]) : A(0);
    const A second = Order > 1 ? static_cast<A>(gg[i]) : A(0);
    out[i] = static_cast<T>(bias_act_element<F, Order, FromOutput>(p, v, first, second));
  }
}

template <class F, int Order, bool FromOutput, class T, class A>
void all(const BiasAct& p) {
  const Scalars<A> scalars = scalars_of<A, T>(p);
  const auto* in = static_cast<const T*>(p.in);
  const auto* bias = static_cast<const T*>(p.bias);
  const auto* g = static_cast<const T*>(p.g);
  const auto* gg = static_cast<const T*>(p.gg);
  auto* out = static_cast<T*>(p.out);
  at::parallel_for(0, p.count, kGrain, [&](int64_t begin, int64_t end) {
    const auto at = [](const T* data, int64_t i) { return data ? data + i : nullptr; };
    for (int64_t i = begin, n; i < end; i += n) {
      n = end - i;
      if (!bias) {
        run<F, Order, FromOutput, Bias::none, T, A>(scalars, in + i, bias, at(g, i), at(gg, i), out + i, n);
      } else if (p.bias_stride > 1) {
        n = std::min(n, p.bias_stride - i % p.bias_stride);
        const T* b = bias + i / p.bias_stride % p.bias_size;
        run<F, Order, FromOutput, Bias::constant, T, A>(scalars, in + i, b, at(g, i), at(gg, i), out + i, n);
      } else {
        const int64_t c = i % p.bias_size;
        n = std::min(n, p.bias_size - c);
        run<F, Order, FromOutput, Bias::running, T, A>(scalars, in + i, bias + c, at(g, i), at(gg, i), out + i, n);
      }
    }
  });
}

template <class F, class T, class A>
void orders(const BiasAct& p) {
  if (p.order == 0) return all<F, 0, false, T, A>(p);
  if constexpr (F::piecewise) {  // never asked for order 2, which is zero
    if (p.from_output) return all<F, 1, true, T, A>(p);
    return all<F, 1, false, T, A>(p);
  } else {
    if (p.order == 1) return all<F, 1, false, T, A>(p);
    return all<F, 2, false, T, A>(p);
  }
}

template <class T, class A>
void activations(const BiasAct& p) {
  switch (p.act) {
    case Act::linear: return orders<Linear<Act::linear>, T, A>(p);
    case Act::relu: return orders<Linear<Act::relu>, T, A>(p);
    case Act::lrelu: return orders<Linear<Act::lrelu>, T, A>(p);
    default: return orders<Smooth, T, A>(p);
  }
}

}  // namespace

void bias_act_cpu(const BiasAct& p, Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return activations<float, float>(p);
    case Dtype::f64: return activations<double, double>(p);
    case Dtype::f16: return activations<c10::Half, float>(p);
    case Dtype::bf16: return activations<c10::BFloat16, float>(p);
  }
}

}  // namespace fice
