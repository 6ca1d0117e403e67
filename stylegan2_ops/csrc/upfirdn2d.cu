// upfirdn2d on CUDA: a thread per output pixel, the filter in shared memory. Compiles with nvcc alone.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>

#include "element.h"

namespace fice {
namespace {

constexpr int kThreads = 256;
constexpr int kTaps = 1024;  // a 32x32 table; larger ones are read from global memory

template <class T, class A, int UX, int UY, int DX, int DY, int FW, int FH>
__global__ void __launch_bounds__(kThreads) kernel(Upfirdn p) {
  __shared__ float shared[kTaps];
  const int taps = p.fw * p.fh;
  const float* f = static_cast<const float*>(p.f);
  if (taps <= kTaps) {
    for (int i = threadIdx.x; i < taps; i += kThreads) shared[i] = f[i];
    __syncthreads();
    f = shared;
  }
  const int64_t count = p.batch * p.channels * p.out_h * p.out_w;
  const int64_t step = int64_t(gridDim.x) * kThreads;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    int64_t rest = i, c = 0;  // decoded in the order of y's memory, so that neighbours write to neighbours
    if (p.channels_last) c = rest % p.channels, rest /= p.channels;
    const int64_t ox = rest % p.out_w;
    rest /= p.out_w;
    const int64_t oy = rest % p.out_h;
    rest /= p.out_h;
    if (!p.channels_last) c = rest % p.channels, rest /= p.channels;
    const T* x = static_cast<const T*>(p.x) + rest * p.xs[0] + c * p.xs[1];
    T* y = static_cast<T*>(p.y) + rest * p.ys[0] + c * p.ys[1] + oy * p.ys[2] + ox * p.ys[3];
    *y = static_cast<T>(upfirdn_element<A, UX, UY, DX, DY, FW, FH>(p, x, f, oy, ox));
  }
}

template <class T, class A, int UX, int UY, int DX, int DY, int FW, int FH>
int launch(const Upfirdn& p, cudaStream_t stream) {
  const int64_t count = p.batch * p.channels * p.out_h * p.out_w;
  const int64_t blocks = std::min<int64_t>((count + kThreads - 1) / kThreads, 1 << 20);
  kernel<T, A, UX, UY, DX, DY, FW, FH><<<unsigned(blocks), kThreads, 0, stream>>>(p);
  return cudaGetLastError();
}

// StyleGAN2's own cases (4x4 taps; smooth, double, halve) have their loops unrolled.
template <class T, class A>
int choose(const Upfirdn& p, cudaStream_t stream) {
  const bool four = p.fw == 4 && p.fh == 4;
  const auto is = [&](int up, int down) { return p.ux == up && p.uy == up && p.dx == down && p.dy == down; };
  if (four && is(1, 1)) return launch<T, A, 1, 1, 1, 1, 4, 4>(p, stream);
  if (four && is(2, 1)) return launch<T, A, 2, 2, 1, 1, 4, 4>(p, stream);
  if (four && is(1, 2)) return launch<T, A, 1, 1, 2, 2, 4, 4>(p, stream);
  return launch<T, A, 0, 0, 0, 0, 0, 0>(p, stream);
}

}  // namespace

int upfirdn2d_cuda(const Upfirdn& p, Dtype dtype, void* stream) {
  const auto s = static_cast<cudaStream_t>(stream);
  switch (dtype) {
    case Dtype::f32: return choose<float, float>(p, s);
    case Dtype::f64: return choose<double, double>(p, s);
    case Dtype::f16: return choose<__half, float>(p, s);
    case Dtype::bf16: return choose<__nv_bfloat16, float>(p, s);
  }
  return cudaErrorInvalidValue;
}

}  // namespace fice
