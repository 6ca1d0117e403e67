"""Measure the compiled ops against the references: python -m stylegan2_ops.bench [--device cuda] [--threads N].

On the CPU it is processor time that counts, so that other programs do not disturb the figures (much).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from . import bias_act, build, setup_filter, upfirdn2d

# (channels, height, width) of a 256x128 StyleGAN2 by level; those up to 128x64 are its half-size sister's.
LEVELS = ((256, 8, 4), (256, 16, 8), (128, 32, 16), (64, 64, 32), (32, 128, 64), (32, 256, 128))
FILTER = (1, 3, 3, 1)


def cases(batch: int, device: torch.device) -> Iterator[tuple[str, Tensor, partial[Tensor]]]:
    """(name, input, function of input and impl): what the generator and the discriminator run."""
    f = setup_filter(FILTER, device=device)
    for c, h, w in LEVELS:
        size = f"{batch}x{c}x{h}x{w}"
        x, b = torch.randn(batch, c, h, w, device=device), torch.randn(c, device=device)
        yield f"bias_act lrelu {size}", x, partial(bias_act, b=b, act="lrelu")
        yield f"bias_act lrelu clamp {size}", x, partial(bias_act, b=b, act="lrelu", clamp=256)
        yield f"halve {size}", x, partial(upfirdn2d, f=f, down=2, padding=1)
        x = torch.randn(batch, c, h + 1, w + 1, device=device)
        yield f"blur {size}", x, partial(upfirdn2d, f=f, padding=1, gain=4)
        x = torch.randn(batch, 3, h, w, device=device)
        yield f"double {batch}x3x{h}x{w}", x, partial(upfirdn2d, f=f, up=2, padding=[2, 1, 2, 1], gain=4)
    x = torch.randn(batch, 64, 64, 32, device=device)
    yield f"bias_act swish {batch}x64x64x32", x, partial(bias_act, act="swish")


def milliseconds(function: Callable[[], object], device: torch.device, budget: float) -> float:
    """The quickest of many runs."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    best, end = float("inf"), time.monotonic() + budget
    for runs in range(1000):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        start = clock()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, clock() - start)
        if runs >= 5 and time.monotonic() > end:
            break
    return best * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the compiled ops against the references.")
    parser.add_argument("--device", default="cpu", type=torch.device)
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--batch", default=[1, 8], type=int, nargs="+")
    parser.add_argument("--seconds", default=0.3, type=float, help="spent on each figure")
    parser.add_argument("--only", default="", help="run the cases whose name contains this")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not build.load():
        parser.error(build.status()["reason"])
    print(f"{'ms, forward | forward and backward':36}" + " |".join([f"{'ref':>9}{'compiled':>9}{'ratio':>7}"] * 2))
    for batch in options.batch:
        for name, x, function in cases(batch, options.device):
            if options.only not in name:
                continue
            leaf, g = x.clone().requires_grad_(), torch.randn_like(function(x))
            forward, both = [], []
            for impl in ("ref", "compiled"):
                run = partial(function, impl=impl)
                with torch.no_grad():
                    forward.append(milliseconds(lambda: run(x), options.device, options.seconds))  # noqa: B023
                gradient = lambda: torch.autograd.grad(run(leaf), leaf, g)  # noqa: E731, B023
                both.append(milliseconds(gradient, options.device, options.seconds))
            columns = "".join(f"{a:9.3f}{b:9.3f}{a / b:7.2f} |" for a, b in (forward, both))
            print(f"{name:36}{columns[:-2]}", flush=True)


if __name__ == "__main__":
    main()
