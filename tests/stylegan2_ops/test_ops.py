"""What both twins of an op promise: gradients of two orders, dtypes, layouts, odd sizes, tracing, errors."""

from __future__ import annotations

import pytest
import torch

import stylegan2_ops as ops
from stylegan2_ops.bias_act import ACTIVATIONS
from tests.conftest import TOLERANCE

RESAMPLINGS = {
    "blur": {"padding": [2, 1, 1, 2]},
    "double": {"up": 2, "padding": [2, 1, 2, 1], "gain": 4},
    "halve": {"down": 2, "padding": 1},
    "crop": {"padding": [-1, 2, 1, -1]},
    "sheared": {"up": [1, 3], "down": [2, 1], "padding": [2, 3, 0, 1], "flip_filter": True},
    "both": {"up": 3, "down": 2, "padding": 3},
}
FILTERS = {"smooth": [1, 3, 3, 1], "lopsided": [[1.0, 2.0], [0.0, 5.0], [3.0, 1.0]], "lines": list(range(1, 10))}
LAYOUTS = {
    "contiguous": lambda x: x,
    "channels_last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "transposed": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3),
    "every_other": lambda x: torch.stack([x, x], dim=-1).flatten(3)[..., ::2],
    "expanded": lambda x: x[:1].expand_as(x),
}


def noise(*shape, dtype=torch.float64, device="cpu"):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(device, dtype)


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("name", RESAMPLINGS)
def test_upfirdn2d_gradients(name, filter_name, impl):
    f = ops.setup_filter(FILTERS[filter_name])
    options = {**RESAMPLINGS[name], "impl": impl}
    if filter_name == "lines":  # nine taps need more room
        options["padding"] = 5
    x = noise(1, 2, 5, 4).requires_grad_()
    torch.autograd.gradcheck(lambda x: ops.upfirdn2d(x, f, **options), x)
    torch.autograd.gradgradcheck(lambda x: ops.upfirdn2d(x, f, **options), x)


@pytest.mark.parametrize("settings", [{}, {"gain": 0.7, "clamp": 0.6}, {"gain": -1.3, "alpha": 0.4}], ids=str)
@pytest.mark.parametrize("act", ACTIVATIONS)
def test_bias_act_gradients(act, settings, impl):
    x, b = noise(2, 3, 2, 2).requires_grad_(), noise(3).requires_grad_()
    torch.autograd.gradcheck(lambda x, b: ops.bias_act(x, b, act=act, impl=impl, **settings), (x, b))
    torch.autograd.gradgradcheck(lambda x, b: ops.bias_act(x, b, act=act, impl=impl, **settings), (x, b))


def both_twins(function, x, *more):
    """Value and gradient of the compiled op and of the reference, the latter in float64."""
    results = []
    for impl, cast in (("compiled", lambda t: t), ("ref", lambda t: t.double())):
        leaf = cast(x).detach().requires_grad_()
        y = function(leaf, *map(cast, more), impl=impl)
        g = noise(*y.shape, dtype=x.dtype, device=x.device)
        results.append((y, *torch.autograd.grad(y, leaf, cast(g))))
    return results


def assert_twins(results, dtype):
    for found, wanted in zip(*results, strict=True):
        assert found.dtype == dtype
        torch.testing.assert_close(found.double(), wanted, **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", RESAMPLINGS)
def test_upfirdn2d_twins(name, layout, dtype, device, compiled):
    f = ops.setup_filter(FILTERS["smooth"], device=device)
    x = LAYOUTS[layout](noise(3, 5, 37, 19, dtype=dtype, device=device))
    results = both_twins(lambda x, impl: ops.upfirdn2d(x, f, impl=impl, **RESAMPLINGS[name]), x)
    assert_twins(results, dtype)
    if layout == "channels_last":
        assert results[0][0].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("act", ["lrelu", "swish"])
def test_bias_act_twins(act, layout, dtype, device, compiled):
    b, clamp = noise(5, dtype=dtype, device=device), 1.9
    x = noise(3, 5, 37, 19, dtype=dtype, device=device)
    free = ops.bias_act(x.double(), b.double(), act=act, impl="ref")
    x[(free.abs() - clamp).abs() < 0.02] = 0  # there the gradient hangs on the last bit
    x = LAYOUTS[layout](x)
    assert_twins(both_twins(lambda x, b, impl: ops.bias_act(x, b, act=act, clamp=clamp, impl=impl), x, b), dtype)


@pytest.mark.parametrize("dim", [0, 2, -1])
def test_bias_along_any_dimension(dim, compiled):
    x = noise(4, 3, 7, 6)
    b = noise(x.shape[dim])
    assert_twins(both_twins(lambda x, b, impl: ops.bias_act(x, b, dim=dim, act="relu", impl=impl), x, b), x.dtype)


def test_many_threads_agree(compiled):
    x = noise(6, 8, 64, 64, dtype=torch.float32)
    f = ops.setup_filter(FILTERS["smooth"])
    assert_twins(both_twins(lambda x, impl: ops.upfirdn2d(x, f, padding=2, impl=impl), x), x.dtype)
    assert_twins(both_twins(lambda x, b, impl: ops.bias_act(x, b, act="lrelu", impl=impl), x, x[0, :, 0, 0]), x.dtype)


def test_empty_batch(impl):
    x = torch.empty(0, 4, 8, 6, requires_grad=True)
    y = ops.bias_act(x, torch.zeros(4), act="lrelu", impl=impl)
    y = ops.upfirdn2d(y, ops.setup_filter([1, 3, 3, 1]), down=2, padding=1, impl=impl)
    assert y.shape == (0, 4, 4, 3)
    y.sum().backward()
    assert x.grad.shape == x.shape


def test_not_a_number_stays(impl):
    x = torch.tensor([[float("nan"), -1.0, 2.0]])
    for act in ACTIVATIONS:
        y = ops.bias_act(x, None, act=act, clamp=1, impl=impl)
        assert torch.isnan(y).tolist() == [[True, False, False]]


def test_opcheck(compiled):
    op = torch.ops.stylegan2_ops
    x, f = noise(2, 3, 6, 5).requires_grad_(), ops.setup_filter([1, 3, 3, 1])
    b, g = noise(3).requires_grad_(), noise(2, 3, 6, 5).requires_grad_()
    torch.library.opcheck(op.upfirdn2d, (x, f, 2, 2, 1, 1, 2, 1, 2, 1, False, 4.0))
    torch.library.opcheck(op.bias_act, (x, b, 1, list(ACTIVATIONS).index("swish"), 0.0, 1.4, 1.0))
    torch.library.opcheck(op.bias_act_slope, (g, x, b, 1, 3, False, 0.0, 1.0, None))


def test_compiled_ops_inside_a_traced_graph(compiled):
    f = ops.setup_filter([1, 3, 3, 1])

    def layer(x, b):
        y = ops.upfirdn2d(x, f, up=2, padding=[2, 1, 2, 1], impl="compiled")
        return ops.bias_act(y, b, act="lrelu", impl="compiled")

    x, b = noise(2, 3, 4, 5).requires_grad_(), noise(3)
    traced = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(traced(x, b), layer(x, b))
    found, wanted = (torch.autograd.grad(g(x, b).square().sum(), x) for g in (traced, layer))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda x: ops.upfirdn2d(x[0], None), "shape"),
        (lambda x: ops.upfirdn2d(x, torch.ones(9, 9)), "does not fit"),
        (lambda x: ops.upfirdn2d(x, None, up=0), "up"),
        (lambda x: ops.upfirdn2d(x, None, padding=[1, 2, 3]), "padding"),
        (lambda x: ops.upfirdn2d(x, None, impl="fast"), "impl"),
        (lambda x: ops.bias_act(x, torch.ones(7)), "bias"),
        (lambda x: ops.bias_act(x, act="sine"), "unknown activation"),
        (lambda x: ops.bias_act(x, clamp=-1), "clamp"),
        (lambda x: ops.conv2d_resample(x, torch.ones(4, 9, 3, 3)), "weights"),
        (lambda x: ops.modulated_conv2d(x, torch.ones(4, 3, 3, 3), torch.ones(1, 3)), "styles"),
        (lambda x: ops.setup_filter([[[1.0]]]), "taps"),
        (lambda x: ops.setup_filter([[1.0]], separable=True), "separable"),
    ],
)
def test_arguments_that_do_not_fit(call, words):
    with pytest.raises(ValueError, match=words):
        call(torch.zeros(2, 3, 6, 6))


@pytest.mark.parametrize("up", [1, 2])
@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("fused", [True, False])
def test_each_picture_may_have_its_own_weights(up, demodulate, fused):
    torch.manual_seed(0)
    x, styles = torch.randn(3, 4, 5, 6, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    weights = torch.randn(3, 2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    options = {
        "up": up,
        "padding": 1,
        "resample_filter": ops.setup_filter([1, 3, 3, 1]).double(),
        "demodulate": demodulate,
        "fused": fused,
        "flip_weight": up == 1,
    }
    together = ops.modulated_conv2d(x, weights, styles, **options)
    alone = [ops.modulated_conv2d(x[i : i + 1], weights[i], styles[i : i + 1], **options) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))
    (slope,) = torch.autograd.grad(together.square().sum(), weights, retain_graph=True)
    (apart,) = torch.autograd.grad(sum(y.square().sum() for y in alone), weights)
    torch.testing.assert_close(slope, apart)
