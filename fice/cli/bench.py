"""Where the time of an edit goes, and how far it is from what the processor could do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from fice.bundle.bundle import load_bundle
from fice.course import Spent
from fice.device import resolve
from fice.diffusion.engine import Diffusion
from fice.diffusion.request import Request
from fice.editor import Editor
from fice.errors import FiceError
from fice.inversion.engine import Inversion
from fice.inversion.sample import save_sheet
from fice.settings import Settings

# the rows of the table: the stages that an edit reports, and its writing
PARTS = {
    "read": "reading the photo",
    "look": "finding the person",
    "fit": "fitting the latent",
    "loop": "the loop",
    "stitch": "the stitch",
    "write": "writing the result",
}
BATCHES = (1, 2, 4, 8)
REPEATS = 5


def measure(
    photo: str | Path | None = None,
    text: str = "red dress",
    *,
    bundle: str | Path = "street",
    device: str = "auto",
    preset: str | None = None,
    steps: int | None = None,
) -> dict[str, Any]:
    """Time one edit as a process of its own and by part, and each network alone.

    photo: defaults to a generated person. preset: by default the usual one of the bundle. steps: of garments that are
    generated or drawn by a diffusion model, by default the preset's. Returns seconds, bytes and FLOPs as json; what a
    diffusion model took is told apart ("model_seconds").
    Raises the errors of `fice.errors`.
    """
    where, weights = resolve(device)[0], load_bundle(bundle)
    preset = preset or weights.preset
    with tempfile.TemporaryDirectory() as folder:
        if photo is None:
            photo = Path(folder) / "person.png"
            save_sheet(
                photo,
                1,
                seed=1,
                bundle=str(weights.folder) if "generator" in weights.parts else "street",
                device=device,
            )
        out = Path(folder) / "out.png"
        settings = Settings.preset(preset, **({"steps": steps} if steps else {}))
        options = ["--bundle", str(bundle), "--device", str(where), "--preset", preset]
        options += ["--steps", str(steps)] if steps else []
        # first, as a new process is taken to have needed at least what its parent holds
        whole = _process("edit", str(photo), text, "-o", str(out), "--force", *options)
        editor = Editor(weights, where, settings)
        flops = _flops(lambda: editor.edit(editor.prepare(photo), text))
        drawn = _drawn(editor)
        parts = _parts(editor, photo, text, out)
    rate = matrix_rate(where)
    networks = {name: _network(*case, rate) for name, case in _cases(editor).items()}
    return {
        "device": str(where),
        "threads": torch.get_num_threads(),
        "preset": preset,
        "steps": editor.engine.steps,
        "step_seconds": parts["loop"] / editor.engine.steps,
        "model_seconds": drawn.get("loop"),
        "matrix_rate": rate,
        "seconds": whole["seconds"],
        "peak_bytes": whole["peak_bytes"],
        "flops": flops,
        "floor_seconds": flops / rate,
        "parts": parts,
        "networks": networks,
    }


def table(told: dict[str, Any]) -> str:
    """The measurements for people."""
    giga = 1e9
    rows = [
        f"{told['device']}, {told['threads']} threads, preset {told['preset']}, matrix products at"
        f" {told['matrix_rate'] / giga:.0f} GFLOP/s",
        f"one edit from process start: {told['seconds']:.1f} s"
        f"{', at most %.2f GiB' % (told['peak_bytes'] / 2**30) if told['peak_bytes'] else ''};"
        f" {told['flops'] / giga:.0f} GFLOP, so the floor is {told['floor_seconds']:.1f} s",
        "",
        *(f"{PARTS[stage]:22} {seconds:7.2f} s" for stage, seconds in told["parts"].items()),
        f"{'one step of the loop':22} {told['step_seconds']:7.2f} s, of {told['steps']}",
    ]
    if told["model_seconds"] is not None:
        drawn = told["model_seconds"]
        rows.append(
            f"{'the diffusion model':22} {drawn:7.2f} s, and all else {sum(told['parts'].values()) - drawn:.2f} s"
        )
    if told["networks"]:
        rows.append(f"\n{'network':22} {'forward':>9} {'backward':>9} {'GFLOP':>7} {'of floor':>9}  best batch")
    for name, found in told["networks"].items():
        rows.append(
            f"{name:22} {found['forward'] * 1e3:6.1f} ms {found['backward'] * 1e3:6.1f} ms"
            f" {found['flops'] / giga:7.2f} {found['of_floor']:8.1f}x  {found['best_batch']}"
            f" ({found['best_seconds'] * 1e3:.1f} ms a picture)"
        )
    return "\n".join(rows)


def matrix_rate(device: torch.device, size: int = 2048) -> float:
    """FLOP/s of float32 matrix products: what the networks could reach at most."""
    a, b = torch.randn(2, size, size, device=device)
    return 2 * size**3 / _seconds(lambda: a @ b, device)


def _process(*arguments: str) -> dict[str, Any]:
    """Wall time and peak memory of one run of the command line; raises the FiceError that it ended with."""
    home = str(Path(__file__).parents[2])  # where fice lies, installed or not
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "fice", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": home},
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        error = FiceError(done.stderr.strip().splitlines()[-1].removeprefix("Error: "))
        error.exit_code = done.returncode
        raise error
    return {"seconds": seconds, "peak_bytes": _peak_of_children()}


def _peak_of_children() -> int | None:
    """The most bytes that a process started by this one has held; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _parts(editor: Editor, photo: str | Path, text: str, out: Path) -> dict[str, float]:
    """Seconds of each of `PARTS` in one edit."""
    edit = editor.edit(editor.prepare(photo), text)
    spent = Spent(edit.facts["stages"])
    with spent.at("write"):
        edit.save(out)
    return spent


def _drawn(editor: Editor) -> Spent:
    """What a diffusion model takes from now on, as "loop"; nothing where there is none."""
    spent = Spent()
    if isinstance(editor.engine, Diffusion):
        model = editor.engine.model
        paint = model.paint

        def timed(requests: Sequence[Request]) -> list[Tensor]:
            with spent.at("loop"):
                return paint(requests)

        model.paint = timed  # type: ignore[method-assign]
    return spent


class _Count(TorchDispatchMode):
    """Adds up the FLOPs of products and convolutions. (torch's own FlopCounterMode fails in autograd.grad.)"""

    flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula:
            self.flops += formula(*args, **(kwargs or {}), out_val=made)
        return made


def _flops(work: Callable[[], Any]) -> int:
    with _Count() as counter:
        work()
    return counter.flops


def _cases(editor: Editor) -> dict[str, tuple[Callable[[Tensor], Tensor], Tensor]]:
    """Each network as a function, with an input of batch 1."""
    engine = editor.engine
    if not isinstance(engine, Inversion):
        return {}
    height, width = engine.canvas
    picture = torch.rand(1, 3, height, width, device=editor.device)
    ws = engine.generator.mapping.w_avg.expand(1, engine.generator.num_ws, -1).clone()
    encoder = {"encoder": (engine.load_encoder().latent, picture)} if "encoder" in editor.bundle.parts else {}
    return {
        "generator": (engine.generator.synthesis, ws),
        **encoder,
        "regions": (editor.regions.network, picture),
        "pose": (engine.pose.network, picture),
        "clip (one view)": (
            editor.semantics.encode_picture,
            torch.rand(1, 3, *[editor.semantics.size] * 2).to(picture),
        ),
    }


def _network(forward: Callable[[Tensor], Tensor], one: Tensor, rate: float) -> dict[str, float]:
    """Seconds and FLOPs of a network at batch 1, and the batch at which a picture costs least."""

    def both(given: Tensor) -> None:
        given = given.detach().requires_grad_(True)
        torch.autograd.grad(forward(given).sum(), given)

    with torch.no_grad():
        ahead = _seconds(lambda: forward(one), one.device)
    costs = {}
    for batch in BATCHES:
        given = one.expand(batch, *one.shape[1:]).contiguous()
        costs[batch] = _seconds(partial(both, given), one.device) / batch
    flops = _flops(lambda: both(one))
    best = min(costs, key=lambda batch: costs[batch])
    return {
        "forward": ahead,
        "backward": costs[1] - ahead,
        "flops": flops,
        "of_floor": costs[1] / (flops / rate),
        "best_batch": best,
        "best_seconds": costs[best],
    }


def _seconds(work: Callable[[], Any], device: torch.device) -> float:
    """The shortest of some runs; other work on the machine only ever makes them longer."""
    shortest = float("inf")
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        shortest = min(shortest, time.perf_counter() - began)
    return shortest
