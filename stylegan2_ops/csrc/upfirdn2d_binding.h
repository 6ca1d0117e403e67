// upfirdn2d as torch sees it: schema, shapes for tracing, kernels by device, gradients of every order.
#pragma once

#include <ATen/ops/empty.h>

#include "binding.h"

namespace {

using c10::SymInt;

// Padding as numbers, not as a list: tracing may know them only as symbols.
Tensor upfirdn2d_meta(const Tensor& x, const Tensor& f, int64_t ux, int64_t uy, int64_t dx, int64_t dy,
                      SymInt x0, SymInt x1, SymInt y0, SymInt y1, bool, double) {
  const SymInt h = (x.sym_size(2) * uy + y0 + y1 - f.sym_size(0)) / dy + 1;
  const SymInt w = (x.sym_size(3) * ux + x0 + x1 - f.sym_size(1)) / dx + 1;
  return at::empty_symint({x.sym_size(0), x.sym_size(1), h, w}, x.options(), x.suggest_memory_format());
}

Tensor upfirdn2d(const Tensor& input, const Tensor& filter, int64_t ux, int64_t uy, int64_t dx, int64_t dy, int64_t x0,
                 int64_t x1, int64_t y0, int64_t y1, bool flip, double gain) {
  TORCH_CHECK(input.dim() == 4 && filter.dim() == 2, "upfirdn2d wants x (B, C, H, W) and f (h, w)");
  TORCH_CHECK(filter.device() == input.device(), "the filter must be on the device of x");
  const auto format = input.suggest_memory_format();
  Tensor x = input, y = upfirdn2d_meta(input, filter, ux, uy, dx, dy, x0, x1, y0, y1, flip, gain);
  if (y.numel() == 0) return y;
  if (x.numel() == 0) return y.zero_();  // no pixel but padding
  if (x.is_cpu()) x = x.contiguous(format);
  const Tensor f = filter.to(x.is_cpu() ? at::kDouble : at::kFloat).contiguous();

  fice::Upfirdn p{};
  p.x = x.const_data_ptr(), p.f = f.const_data_ptr(), p.y = y.mutable_data_ptr();
  p.batch = x.size(0), p.channels = x.size(1);
  p.in_h = x.size(2), p.in_w = x.size(3), p.out_h = y.size(2), p.out_w = y.size(3);
  std::copy_n(x.strides().begin(), 4, p.xs);
  std::copy_n(y.strides().begin(), 4, p.ys);
  p.channels_last = format == at::MemoryFormat::ChannelsLast;
  p.fh = f.size(0), p.fw = f.size(1);
  p.ux = ux, p.uy = uy, p.dx = dx, p.dy = dy, p.x0 = x0, p.y0 = y0;
  p.flip = flip, p.gain = gain;
#ifdef WITH_CUDA
  if (x.is_cuda()) {
    const c10::cuda::CUDAGuard guard(x.device());
    const int code = fice::upfirdn2d_cuda(p, dtype_of(x), c10::cuda::getCurrentCUDAStream().stream());
    TORCH_CHECK(code == 0, "upfirdn2d: ", cudaGetErrorString(static_cast<cudaError_t>(code)));
    return y;
  }
#endif
  fice::upfirdn2d_cpu(p, dtype_of(x));
  return y;
}

Tensor call_upfirdn2d(const Tensor& x, const Tensor& f, int64_t ux, int64_t uy, int64_t dx, int64_t dy,
                      SymInt x0, SymInt x1, SymInt y0, SymInt y1, bool flip, double gain) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("stylegan2_ops::upfirdn2d", "")
          .typed<Tensor(const Tensor&, const Tensor&, int64_t, int64_t, int64_t, int64_t, SymInt, SymInt, SymInt,
                        SymInt, bool, double)>();
  return op.call(x, f, ux, uy, dx, dy, x0, x1, y0, y1, flip, gain);
}

struct Upfirdn2d : torch::autograd::Function<Upfirdn2d> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& f, int64_t ux, int64_t uy, int64_t dx,
                        int64_t dy, SymInt x0, SymInt x1, SymInt y0, SymInt y1, bool flip, double gain) {
    at::AutoDispatchBelowADInplaceOrView below;
    ctx->save_for_backward({f});
    ctx->saved_data["factors"] = std::vector<int64_t>{ux, uy, dx, dy, flip};
    ctx->saved_data["gain"] = gain;
    ctx->saved_data["h"] = x.sym_size(2), ctx->saved_data["w"] = x.sym_size(3);
    ctx->saved_data["x0"] = x0, ctx->saved_data["y0"] = y0;
    return call_upfirdn2d(x, f, ux, uy, dx, dy, x0, x1, y0, y1, flip, gain);
  }
  // The transpose of upfirdn2d is upfirdn2d: up and down change places, the filter is mirrored.
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const Tensor f = ctx->get_saved_variables()[0];
    const auto n = ctx->saved_data["factors"].toIntVector();
    const int64_t ux = n[0], uy = n[1], dx = n[2], dy = n[3];
    const SymInt x0 = ctx->saved_data["x0"].toSymInt(), y0 = ctx->saved_data["y0"].toSymInt();
    const SymInt h = ctx->saved_data["h"].toSymInt(), w = ctx->saved_data["w"].toSymInt();
    const SymInt left = f.sym_size(1) - 1 - x0, right = w * ux - grads[0].sym_size(3) * dx + x0 - ux + 1;
    const SymInt top = f.sym_size(0) - 1 - y0, bottom = h * uy - grads[0].sym_size(2) * dy + y0 - uy + 1;
    Tensor g = call_upfirdn2d(grads[0], f, dx, dy, ux, uy, left, right, top, bottom, !n[4],
                              ctx->saved_data["gain"].toDouble());
    return {g, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  }
};

Tensor upfirdn2d_autograd(const Tensor& x, const Tensor& f, int64_t ux, int64_t uy, int64_t dx, int64_t dy, SymInt x0,
                          SymInt x1, SymInt y0, SymInt y1, bool flip, double gain) {
  return Upfirdn2d::apply(x, f, ux, uy, dx, dy, x0, x1, y0, y1, flip, gain);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(stylegan2_ops, m) {
  m.def("upfirdn2d(Tensor x, Tensor f, int ux, int uy, int dx, int dy, SymInt x0, SymInt x1, SymInt y0, SymInt y1, "
        "bool flip, float gain) -> Tensor");
}

TORCH_LIBRARY_IMPL(stylegan2_ops, Meta, m) { m.impl("upfirdn2d", upfirdn2d_meta); }
TORCH_LIBRARY_IMPL(stylegan2_ops, CPU, m) { m.impl("upfirdn2d", upfirdn2d); }
#ifdef WITH_CUDA
TORCH_LIBRARY_IMPL(stylegan2_ops, CUDA, m) { m.impl("upfirdn2d", upfirdn2d); }
#endif
TORCH_LIBRARY_IMPL(stylegan2_ops, Autograd, m) { m.impl("upfirdn2d", upfirdn2d_autograd); }
