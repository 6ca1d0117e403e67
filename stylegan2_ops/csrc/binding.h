// What both bindings need from torch.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#ifdef WITH_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#include "ops.h"

namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

fice::Dtype dtype_of(const Tensor& x) {
  switch (x.scalar_type()) {
    case at::kFloat: return fice::Dtype::f32;
    case at::kDouble: return fice::Dtype::f64;
    case at::kHalf: return fice::Dtype::f16;
    case at::kBFloat16: return fice::Dtype::bf16;
    default: TORCH_CHECK(false, "x must be float32, float64, float16 or bfloat16, not ", x.scalar_type());
  }
}

}  // namespace
