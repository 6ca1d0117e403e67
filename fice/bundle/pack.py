"""Writing a bundle: one network after the other into a folder, and bundle.json beside them."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fice.bundle.card import CARD, FORMAT, Attachment, Folder, Part, read_card
from fice.errors import WeightsError
from fice.files import LOCK, bar, locked, sha256_of, whole_file

if TYPE_CHECKING:
    from torch import Tensor, nn

COPIED = 1 << 30  # bytes of weights that share their memory, or lie in pieces


def save_part(
    folder: str | Path,
    part: str,
    module: nn.Module,
    network: str,
    arguments: dict[str, Any],
    extra: dict[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write one network of ours into a bundle folder, in half precision where that keeps three digits.

    See `save_state`; the canvas of the bundle is that of its generator.
    """
    state = {name: _compact(tensor) for name, tensor in module.state_dict().items()}
    canvas = cast("tuple[int, int]", module.canvas) if network == "stylegan2" else None
    save_state(folder, part, state, network, arguments, extra, files, canvas)


def round_as_kept(module: nn.Module) -> None:
    """Gives a module its weights as `save_part` keeps them, so that what is measured is what will be read."""
    module.load_state_dict({name: _compact(tensor) for name, tensor in module.state_dict().items()})


def save_state(
    folder: str | Path,
    part: str,
    state: Mapping[str, Tensor],
    network: str,
    arguments: dict[str, Any],
    extra: dict[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
    canvas: tuple[int, int] | None = None,
) -> None:
    """Write the weights of one network into a bundle folder (made if need be) and describe it in bundle.json.

    `NETWORKS[network](**arguments)` must build a module with these entries; arguments and extra are json (lists in
    arguments come back as tuples). Weights are written as they are, straight from where they lie; those that share
    memory are written once each. files are small ones that travel with the part. Several recipes may save into one
    folder at once. Raises WeightsError where more than a gigabyte would be such copies.
    """
    json.dumps([arguments, extra or {}])  # fails before anything is written
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    attached = {}
    with _card(folder) as card:
        path = folder / f"{part}.safetensors"
        save_tensors(path, state)
        for name, content in (files or {}).items():
            with whole_file(folder / f"{part}.{name}") as stream:
                stream.write(content)
            attached[name] = Attachment(hashlib.sha256(content).hexdigest(), len(content))
        entry = Part(path.name, sha256_of(path), path.stat().st_size, network, arguments, extra or {}, attached)
        card["parts"][part] = asdict(entry)
        if canvas:
            card["canvas"] = list(canvas)


def save_tensors(path: Path, state: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file; raises as `save_state`."""
    from safetensors.torch import save_file

    with whole_file(path) as stream:
        rights = os.fstat(stream.fileno()).st_mode
        save_file(_apart(state), stream.name, metadata)  # puts a file of its own there, for its owner alone
        os.chmod(stream.name, rights)


def save_folder(folder: str | Path, name: str, kind: str, licence: str, origin: str) -> None:
    """Describe the files that lie in a folder below the bundle's, made if need be, in its bundle.json.

    name: "pipeline", "controlnet" or "adapter"; kind: the class that its model_index.json or config.json names.
    """
    place = Path(folder) / name
    paths = sorted(path for path in place.rglob("*") if path.is_file())
    with bar(sum(path.stat().st_size for path in paths), f"checksums of {name}") as seen:
        files = {
            path.relative_to(place).as_posix(): Attachment(sha256_of(path, seen), path.stat().st_size) for path in paths
        }
    with _card(Path(folder)) as card:
        card.setdefault("folders", {})[name] = asdict(Folder(kind, files, licence, origin))


def save_figures(folder: str | Path, figures: dict[str, Any]) -> None:
    """Add measured figures to bundle.json; those of the same name are replaced."""
    with _card(Path(folder)) as card:
        card["figures"].update(figures)


def save_text(folder: str | Path, **fields: str) -> None:
    """Set name, description, licence or data of bundle.json."""
    unknown = set(fields) - {"name", "description", "licence", "data"}
    if unknown:
        raise TypeError(f"a bundle has no {', '.join(sorted(unknown))}")
    with _card(Path(folder)) as card:
        card.update(fields)


@contextmanager
def _card(folder: Path) -> Iterator[dict[str, Any]]:
    """bundle.json as a dict to change; written back at the end, one writer at a time."""
    with locked(folder / LOCK):
        if (folder / CARD).exists():
            card = read_card(folder)
        else:
            card = {
                "format": FORMAT,
                "name": folder.resolve().name,
                "description": "",
                "canvas": [0, 0],
                "licence": "",
                "data": "",
                "parts": {},
                "figures": {},
            }
        yield card
        with whole_file(folder / CARD) as stream:
            stream.write((json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


def _apart(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor in one piece and on memory of its own, as safetensors wants them; copied where it is not."""
    found, end, copied = {}, 0, 0
    for name, tensor in sorted(state.items(), key=lambda item: item[1].data_ptr()):
        if tensor.is_contiguous() and tensor.data_ptr() >= end:
            found[name], end = tensor, tensor.data_ptr() + tensor.nbytes
            continue
        copied += tensor.nbytes
        if copied > COPIED:
            raise WeightsError("The weights repeat each other more than those of any network: name another checkpoint.")
        found[name] = tensor.flatten().clone().view(tensor.shape)
    return found


def _compact(tensor: Tensor) -> Tensor:
    """A copy in half precision, unless that overflows or loses more than a thousandth (root mean square)."""
    tensor = tensor.detach().cpu().clone().contiguous()
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return tensor
    exact, half = tensor.float(), tensor.half()
    error = (half.float() - exact).norm().item()
    return half if math.isfinite(error) and error <= 1e-3 * exact.norm().item() else exact
