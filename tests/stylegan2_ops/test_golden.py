"""The ops against numbers of the official code: values and first gradients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import stylegan2_ops as ops

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "golden"
CASES = json.loads((FOLDER / "ops.json").read_text()) if FOLDER.exists() else {}
ABSOLUTE = {"float32": 1e-5, "float64": 1e-11}
pytestmark = pytest.mark.skipif(not CASES, reason="the golden vectors are not here")


@pytest.fixture(scope="module")
def tensors():
    return load_file(FOLDER / "ops.safetensors")


def cases(family):
    return [pytest.param(case, id=case["case"]) for case in CASES.get(family, [])]


def make_filter(case):
    name = case["filter"]
    return None if name is None else ops.setup_filter(**CASES["setup_filter"][name])


def compare(case, tensors, inputs, function):
    """Run `function` on the named inputs and compare its result and gradients with the recorded ones."""
    name, limit = case["case"], ABSOLUTE[case["dtype"]]
    leaves = {k: tensors[f"{name}.{k}"].clone().requires_grad_() for k in inputs if f"{name}.{k}" in tensors}
    y = function(**leaves)
    torch.testing.assert_close(y, tensors[f"{name}.y"], atol=limit, rtol=0)
    found = torch.autograd.grad((y * tensors[f"{name}.gy"]).sum(), list(leaves.values()))
    for key, gradient in zip(leaves, found, strict=True):
        torch.testing.assert_close(gradient, tensors[f"{name}.g_{key}"], atol=limit, rtol=1e-6)


@pytest.mark.parametrize("name", CASES.get("setup_filter", {}))
def test_setup_filter(name, tensors):
    f = ops.setup_filter(**CASES["setup_filter"][name])
    torch.testing.assert_close(f, tensors[f"setup_filter.{name}"], atol=1e-7, rtol=0)


@pytest.mark.parametrize("case", cases("upfirdn2d"))
def test_upfirdn2d(case, tensors, impl):
    op, f = getattr(ops, case.get("helper", "upfirdn2d")), make_filter(case)
    compare(case, tensors, "x", lambda x: op(x, f, impl=impl, **case["args"]))


@pytest.mark.parametrize("case", cases("bias_act"))
def test_bias_act(case, tensors, impl):
    options = {"act": case["act"], "dim": case["dim"], "impl": impl, **case["args"]}
    compare(case, tensors, "xb", lambda x, b=None: ops.bias_act(x, b, **options))


@pytest.mark.parametrize("case", cases("conv2d_resample"))
def test_conv2d_resample(case, tensors):
    f = make_filter(case)
    compare(case, tensors, "xw", lambda x, w: ops.conv2d_resample(x, w, f, **case["args"]))


@pytest.mark.parametrize("fused", [True, False, None])
@pytest.mark.parametrize("case", cases("modulated_conv2d"))
def test_modulated_conv2d(case, fused, tensors):
    arguments = {k: v for k, v in case["args"].items() if k != "fused_modconv"}
    noise, f = tensors.get(f"{case['case']}.noise"), make_filter(case)
    compare(
        case,
        tensors,
        "xws",
        lambda x, w, s: ops.modulated_conv2d(x, w, s, noise=noise, resample_filter=f, fused=fused, **arguments),
    )
