// bias_act on CUDA: one pass over memory. Compiles with nvcc alone.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>

#include "element.h"

namespace fice {
namespace {

constexpr int kThreads = 256;

// I: index type; 32 bits where they do, since division by a 64-bit number costs more than the rest of the loop.
template <class F, int Order, bool FromOutput, class T, class A, class I>
__global__ void __launch_bounds__(kThreads) kernel(BiasAct p) {
  const Scalars<A> scalars = scalars_of<A, T>(p);
  const auto* in = static_cast<const T*>(p.in);
  const auto* bias = static_cast<const T*>(p.bias);
  const auto* g = static_cast<const T*>(p.g);
  const auto* gg = static_cast<const T*>(p.gg);
  auto* out = static_cast<T*>(p.out);
  const I count = p.count, size = p.bias_size, stride = p.bias_stride;
  for (I i = I(blockIdx.x) * kThreads + threadIdx.x; i < count; i += I(gridDim.x) * kThreads) {
    A v = static_cast<A>(in[i]);
    if (bias) v += static_cast<A>(bias[i / stride % size]);
    const A first = Order > 0 ? static_cast<A>(g[i]) : A(0);
    const A second = Order > 1 ? static_cast<A>(gg[i]) : A(0);
    out[i] = static_cast<T>(bias_act_element<F, Order, FromOutput>(scalars, v, first, second));
  }
}

template <class F, int Order, bool FromOutput, class T, class A>
int launch(const BiasAct& p, cudaStream_t stream) {
  const int64_t blocks = std::min<int64_t>((p.count + kThreads - 1) / kThreads, 1 << 16);
  if (p.count < (int64_t(1) << 31) - (int64_t(kThreads) << 16))
    kernel<F, Order, FromOutput, T, A, uint32_t><<<unsigned(blocks), kThreads, 0, stream>>>(p);
  else
    kernel<F, Order, FromOutput, T, A, int64_t><<<unsigned(blocks), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

template <class F, class T, class A>
int orders(const BiasAct& p, cudaStream_t stream) {
  if (p.order == 0) return launch<F, 0, false, T, A>(p, stream);
  if constexpr (F::piecewise) {  // never asked for order 2, which is zero
    if (p.from_output) return launch<F, 1, true, T, A>(p, stream);
    return launch<F, 1, false, T, A>(p, stream);
  } else {
    if (p.order == 1) return launch<F, 1, false, T, A>(p, stream);
    return launch<F, 2, false, T, A>(p, stream);
  }
}

template <class T, class A>
int activations(const BiasAct& p, cudaStream_t stream) {
  switch (p.act) {
    case Act::linear: return orders<Linear<Act::linear>, T, A>(p, stream);
    case Act::relu: return orders<Linear<Act::relu>, T, A>(p, stream);
    case Act::lrelu: return orders<Linear<Act::lrelu>, T, A>(p, stream);
    default: return orders<Smooth, T, A>(p, stream);
  }
}

}  // namespace

int bias_act_cuda(const BiasAct& p, Dtype dtype, void* stream) {
  const auto s = static_cast<cudaStream_t>(stream);
  switch (dtype) {
    case Dtype::f32: return activations<float, float>(p, s);
    case Dtype::f64: return activations<double, double>(p, s);
    case Dtype::f16: return activations<__half, float>(p, s);
    case Dtype::bf16: return activations<__nv_bfloat16, float>(p, s);
  }
  return cudaErrorInvalidValue;
}

}  // namespace fice
