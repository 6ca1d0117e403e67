// What the bindings hand to the kernels: plain structs and launchers, free of torch and CUDA headers.
#pragma once

#include <cstdint>

namespace fice {

enum class Dtype { f32, f64, f16, bf16 };

// Up to `lrelu` the functions are piecewise linear: their slope can be read off the result.
enum class Act { linear, relu, lrelu, tanh, sigmoid, elu, selu, softplus, swish };

// order 0: out = clamp(gain * act(in + bias)); order 1: out = g * (its slope); order 2: out = g * gg * (its curvature).
struct BiasAct {
  const void* in;    // the argument x; with `from_output` the result y instead, and no bias
  const void* bias;  // null: none
  const void* g;     // orders 1 and 2
  const void* gg;    // order 2
  void* out;
  int64_t count;        // elements, all tensors in the same dense order
  int64_t bias_size;    // the bias of element i is bias[i / bias_stride % bias_size]
  int64_t bias_stride;
  Act act;
  int order;
  bool from_output;
  double alpha, gain, clamp;  // clamp < 0: none
};

// y[oy, ox] = gain * sum over taps k of f[k] * padded zero-stuffed x at (oy * down + k); f is mirrored unless `flip`.
struct Upfirdn {
  const void* x;
  const void* f;  // the kernels' own device; CPU: double, CUDA: float
  void* y;
  int64_t batch, channels;
  int64_t in_h, in_w, out_h, out_w;
  int64_t xs[4], ys[4];  // strides of (batch, channel, row, column)
  bool channels_last;    // order of y, and of x on the CPU
  int fh, fw;
  int ux, uy, dx, dy;
  int64_t x0, y0;
  bool flip;
  double gain;
};

void bias_act_cpu(const BiasAct& p, Dtype dtype);
void upfirdn2d_cpu(const Upfirdn& p, Dtype dtype);
// Return cudaGetLastError() after the launch.
int bias_act_cuda(const BiasAct& p, Dtype dtype, void* stream);
int upfirdn2d_cuda(const Upfirdn& p, Dtype dtype, void* stream);

}  // namespace fice
