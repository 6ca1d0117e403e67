// bias_act as torch sees it: schemas, shapes for tracing, kernels by device, gradients of first and second order.
#pragma once

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>

#include "binding.h"

namespace {

using MaybeTensor = std::optional<Tensor>;

Tensor dense(const Tensor& x) { return x.is_non_overlapping_and_dense() ? x : x.contiguous(); }

// In the memory order of `like`, so that one index serves all tensors.
Tensor aligned(const Tensor& x, const Tensor& like) {
  return x.strides() == like.strides() ? x : at::empty_like(like).copy_(x);
}

Tensor bias_act_any(const Tensor& source, const MaybeTensor& b, const MaybeTensor& g, const MaybeTensor& gg,
                    int64_t dim, int64_t act, int order, bool from_output, double alpha, double gain,
                    std::optional<double> clamp) {
  const Tensor in = dense(source);
  const Tensor grad = g ? aligned(*g, in) : Tensor(), second = gg ? aligned(*gg, in) : Tensor();
  const Tensor bias = b ? b->contiguous() : Tensor();
  for (const Tensor& t : {grad, second, bias})
    TORCH_CHECK(!t.defined() || (t.scalar_type() == in.scalar_type() && t.device() == in.device()),
                "all tensors must have the dtype and the device of x");
  Tensor out = at::empty_like(in);
  if (in.numel() == 0) return out;

  const auto pointer = [](const Tensor& t) { return t.defined() ? t.const_data_ptr() : nullptr; };
  fice::BiasAct p{};
  p.in = in.const_data_ptr(), p.bias = pointer(bias), p.g = pointer(grad), p.gg = pointer(second);
  p.out = out.mutable_data_ptr();
  p.count = in.numel();
  p.bias_size = b ? in.size(dim) : 1, p.bias_stride = b ? in.stride(dim) : 1;
  TORCH_CHECK(!b || bias.numel() == p.bias_size, "the bias must have ", p.bias_size, " elements");
  p.act = static_cast<fice::Act>(act), p.order = order, p.from_output = from_output;
  p.alpha = alpha, p.gain = gain, p.clamp = clamp.value_or(-1);
#ifdef WITH_CUDA
  if (in.is_cuda()) {
    const c10::cuda::CUDAGuard guard(in.device());
    const int code = fice::bias_act_cuda(p, dtype_of(in), c10::cuda::getCurrentCUDAStream().stream());
    TORCH_CHECK(code == 0, "bias_act: ", cudaGetErrorString(static_cast<cudaError_t>(code)));
    return out;
  }
#endif
  fice::bias_act_cpu(p, dtype_of(in));
  return out;
}

Tensor bias_act(const Tensor& x, const MaybeTensor& b, int64_t dim, int64_t act, double alpha, double gain,
                std::optional<double> clamp) {
  return bias_act_any(x, b, {}, {}, dim, act, 0, false, alpha, gain, clamp);
}

Tensor bias_act_slope(const Tensor& g, const Tensor& saved, const MaybeTensor& b, int64_t dim, int64_t act,
                      bool from_output, double alpha, double gain, std::optional<double> clamp) {
  return bias_act_any(saved, b, g, {}, dim, act, 1, from_output, alpha, gain, clamp);
}

Tensor bias_act_curvature(const Tensor& gg, const Tensor& g, const Tensor& x, const MaybeTensor& b, int64_t dim,
                          int64_t act, double alpha, double gain, std::optional<double> clamp) {
  if (act <= static_cast<int64_t>(fice::Act::lrelu)) return at::zeros_like(x);
  return bias_act_any(x, b, g, gg, dim, act, 2, false, alpha, gain, clamp);
}

Tensor bias_act_meta(const Tensor& x, const MaybeTensor&, int64_t, int64_t, double, double, std::optional<double>) {
  return at::empty_like(x);
}

Tensor bias_act_slope_meta(const Tensor&, const Tensor& saved, const MaybeTensor&, int64_t, int64_t, bool, double,
                           double, std::optional<double>) {
  return at::empty_like(saved);
}

Tensor bias_act_curvature_meta(const Tensor&, const Tensor&, const Tensor& x, const MaybeTensor&, int64_t, int64_t,
                               double, double, std::optional<double>) {
  return at::empty_like(x);
}

// The ops as the dispatcher calls them, so that gradients of gradients are recorded.
Tensor call_bias_act(const Tensor& x, const MaybeTensor& b, int64_t dim, int64_t act, double alpha, double gain,
                     std::optional<double> clamp) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("stylegan2_ops::bias_act", "")
                             .typed<decltype(bias_act)>();
  return op.call(x, b, dim, act, alpha, gain, clamp);
}

Tensor call_slope(const Tensor& g, const Tensor& saved, const MaybeTensor& b, int64_t dim, int64_t act,
                  bool from_output, double alpha, double gain, std::optional<double> clamp) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("stylegan2_ops::bias_act_slope", "")
                             .typed<decltype(bias_act_slope)>();
  return op.call(g, saved, b, dim, act, from_output, alpha, gain, clamp);
}

Tensor call_curvature(const Tensor& gg, const Tensor& g, const Tensor& x, const MaybeTensor& b, int64_t dim,
                      int64_t act, double alpha, double gain, std::optional<double> clamp) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("stylegan2_ops::bias_act_curvature", "")
                             .typed<decltype(bias_act_curvature)>();
  return op.call(gg, g, x, b, dim, act, alpha, gain, clamp);
}

MaybeTensor maybe(const Tensor& t) { return t.defined() ? MaybeTensor(t) : std::nullopt; }

// The numbers of a call, kept from forward to backward.
struct Settings {
  int64_t dim, act;
  double alpha, gain;
  std::optional<double> clamp;

  void save(AutogradContext* ctx) const {
    ctx->saved_data["integers"] = std::vector<int64_t>{dim, act};
    ctx->saved_data["numbers"] = std::vector<double>{alpha, gain};
    ctx->saved_data["clamp"] = clamp;
  }
  static Settings load(AutogradContext* ctx) {
    const auto integers = ctx->saved_data["integers"].toIntVector();
    const auto numbers = ctx->saved_data["numbers"].toDoubleVector();
    return {integers[0], integers[1], numbers[0], numbers[1], ctx->saved_data["clamp"].toOptional<double>()};
  }
};

// The gradient of the bias: the sum over all dimensions but its own.
Tensor over_bias(const Tensor& g, int64_t dim) {
  std::vector<int64_t> others;
  for (int64_t d = 0; d < g.dim(); ++d)
    if (d != dim) others.push_back(d);
  return others.empty() ? g : g.sum(others);
}

struct BiasActSlope : torch::autograd::Function<BiasActSlope> {
  static Tensor forward(AutogradContext* ctx, const Tensor& g, const Tensor& saved, const MaybeTensor& b, int64_t dim,
                        int64_t act, bool from_output, double alpha, double gain, std::optional<double> clamp) {
    at::AutoDispatchBelowADInplaceOrView below;
    Settings{dim, act, alpha, gain, clamp}.save(ctx);
    ctx->saved_data["from_output"] = from_output;
    // Slopes of piecewise linear functions do not bend: then g has no part in the gradient.
    ctx->save_for_backward({from_output ? Tensor() : g, saved, b.value_or(Tensor())});
    return call_slope(g, saved, b, dim, act, from_output, alpha, gain, clamp);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto tensors = ctx->get_saved_variables();
    const auto s = Settings::load(ctx);
    const bool from_output = ctx->saved_data["from_output"].toBool();
    const auto b = maybe(tensors[2]);
    const Tensor& gg = grads[0];
    Tensor dg, dx, db;
    if (ctx->needs_input_grad(0))
      dg = call_slope(gg, tensors[1], b, s.dim, s.act, from_output, s.alpha, s.gain, s.clamp);
    if (!from_output && (ctx->needs_input_grad(1) || ctx->needs_input_grad(2)))
      dx = call_curvature(gg, tensors[0], tensors[1], b, s.dim, s.act, s.alpha, s.gain, s.clamp);
    if (dx.defined() && b && ctx->needs_input_grad(2)) db = over_bias(dx, s.dim);
    return {dg, dx, db, {}, {}, {}, {}, {}, {}};
  }
};

struct BiasAct : torch::autograd::Function<BiasAct> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const MaybeTensor& b, int64_t dim, int64_t act,
                        double alpha, double gain, std::optional<double> clamp) {
    at::AutoDispatchBelowADInplaceOrView below;
    Settings{dim, act, alpha, gain, clamp}.save(ctx);
    const Tensor y = call_bias_act(x, b, dim, act, alpha, gain, clamp);
    // Where the result tells the slope it is kept instead of x, which nobody else may need.
    const bool from_output = act <= static_cast<int64_t>(fice::Act::lrelu) && gain > 0 && alpha >= 0;
    ctx->saved_data["from_output"] = from_output;
    ctx->saved_data["bias"] = b.has_value();
    if (from_output)
      ctx->save_for_backward({y, Tensor()});
    else
      ctx->save_for_backward({x, b.value_or(Tensor())});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto tensors = ctx->get_saved_variables();
    const auto s = Settings::load(ctx);
    const bool from_output = ctx->saved_data["from_output"].toBool();
    const Tensor dx = call_slope(grads[0], tensors[0], maybe(tensors[1]), s.dim, s.act, from_output, s.alpha, s.gain,
                                 s.clamp);
    Tensor db;
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(1)) db = over_bias(dx, s.dim);
    return {dx, db, {}, {}, {}, {}, {}};
  }
};

Tensor bias_act_autograd(const Tensor& x, const MaybeTensor& b, int64_t dim, int64_t act, double alpha, double gain,
                         std::optional<double> clamp) {
  return BiasAct::apply(x, b, dim, act, alpha, gain, clamp);
}

Tensor bias_act_slope_autograd(const Tensor& g, const Tensor& saved, const MaybeTensor& b, int64_t dim, int64_t act,
                               bool from_output, double alpha, double gain, std::optional<double> clamp) {
  return BiasActSlope::apply(g, saved, b, dim, act, from_output, alpha, gain, clamp);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(stylegan2_ops, m) {
  m.def("bias_act(Tensor x, Tensor? b, int dim, int act, float alpha, float gain, float? clamp) -> Tensor");
  m.def("bias_act_slope(Tensor g, Tensor saved, Tensor? b, int dim, int act, bool from_output, float alpha, "
        "float gain, float? clamp) -> Tensor");
  m.def("bias_act_curvature(Tensor gg, Tensor g, Tensor x, Tensor? b, int dim, int act, float alpha, float gain, "
        "float? clamp) -> Tensor");
}

TORCH_LIBRARY_IMPL(stylegan2_ops, Meta, m) {
  m.impl("bias_act", bias_act_meta);
  m.impl("bias_act_slope", bias_act_slope_meta);
  m.impl("bias_act_curvature", bias_act_curvature_meta);
}

TORCH_LIBRARY_IMPL(stylegan2_ops, CPU, m) {
  m.impl("bias_act", bias_act);
  m.impl("bias_act_slope", bias_act_slope);
  m.impl("bias_act_curvature", bias_act_curvature);
}

#ifdef WITH_CUDA
TORCH_LIBRARY_IMPL(stylegan2_ops, CUDA, m) {
  m.impl("bias_act", bias_act);
  m.impl("bias_act_slope", bias_act_slope);
  m.impl("bias_act_curvature", bias_act_curvature);
}
#endif

TORCH_LIBRARY_IMPL(stylegan2_ops, Autograd, m) {
  m.impl("bias_act", bias_act_autograd);
  m.impl("bias_act_slope", bias_act_slope_autograd);
  m.impl("bias_act_curvature", torch::autograd::autogradNotImplementedFallback());  // no third order
}
