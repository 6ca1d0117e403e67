"""A bundle: a folder with bundle.json and one safetensors file per network. Nothing in it is ever executed."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fice.errors import WeightsError
from fice.nets import NETWORKS, network
from fice.output import whole_file

if TYPE_CHECKING:
    import torch
    from torch import nn

FORMAT = 1
CARD = "bundle.json"


@dataclass(frozen=True)
class Part:
    """One network of a bundle: its file, and what rebuilds it."""

    file: str
    sha256: str
    bytes: int
    network: str
    arguments: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """The networks of one kind of photograph, described; each is read and checked when asked for."""

    folder: Path
    name: str
    canvas: tuple[int, int]  # height and width of the generator's pictures
    description: str = ""
    licence: str = ""
    data: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None) -> Any:
        """The network of one part, an nn.Module ready to use: weights loaded, eval mode, parameters without gradients.

        dtype defaults to float32. Raises WeightsError if the part is missing or damaged.
        """
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        part = self._part(name)
        self.check(name)
        if part.network not in NETWORKS:
            raise WeightsError(
                f"The {name} of bundle {self.name} is a network of kind {part.network!r}, which this fice does not"
                f" know (it knows {', '.join(NETWORKS)}): update fice."
            )
        try:
            module = network(part.network)(**_tuples(part.arguments))
            module.load_state_dict(load_file(self.folder / part.file))
        except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
            raise WeightsError(
                f"The {name} of bundle {self.name} does not fit its description in {self.folder / CARD}:"
                f" fetch or train the bundle again ({_first_line(error)})."
            ) from error
        return module.to(device, dtype or torch.float32).eval().requires_grad_(False)

    def extra(self, part: str) -> dict[str, Any]:
        """What a part carries beside its weights (vocabulary, class names, ...)."""
        return self._part(part).extra

    @property
    def bytes(self) -> int:
        """Size of all weights together."""
        return sum(part.bytes for part in self.parts.values())

    def summary(self) -> dict[str, Any]:
        """What a person wants to know, as json: the description without vocabularies and checksums."""
        parts = {name: {"network": part.network, "bytes": part.bytes} for name, part in self.parts.items()}
        return {"name": self.name, "description": self.description, "canvas": list(self.canvas), "bytes": self.bytes,
                "licence": self.licence, "data": self.data, "parts": parts, "figures": self.figures}  # fmt: skip

    def check(self, name: str) -> None:
        """Compare size and sha256 of a part's file with the description; WeightsError if they differ."""
        part, path = self._part(name), self.folder / self._part(name).file
        again = f"copy or fetch the bundle {self.name} again"
        if not path.is_file():
            raise WeightsError(f"The weights {path} are missing: {again}.")
        size = path.stat().st_size
        if size != part.bytes:
            raise WeightsError(f"The weights {path} have {size} bytes instead of {part.bytes}: {again}.")
        if _sha256(path) != part.sha256:
            raise WeightsError(f"The weights {path} are damaged (their sha256 is not the expected one): {again}.")

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            have = ", ".join(self.parts) or "nothing"
            raise WeightsError(f"Bundle {self.name} has no {name} (it has {have}): choose another one with --bundle.")
        return self.parts[name]


def home() -> Path:
    """The folder of the bundles that came with fice."""
    return Path(str(files("weights")))


def list_bundles() -> list[str]:
    """Names of the bundles that came with fice."""
    return sorted(card.parent.name for card in home().glob(f"*/{CARD}"))


def load_bundle(name_or_folder: str | Path = "street") -> Bundle:
    """The bundle of a name (`street`) or of a folder (`./my`). Raises WeightsError if it cannot be used."""
    named = home() / name_or_folder
    plain = isinstance(name_or_folder, str) and Path(name_or_folder).name == name_or_folder
    folder = named if plain and (named / CARD).is_file() else Path(name_or_folder)
    if not folder.is_dir():
        have = ", ".join(list_bundles()) or "none"
        raise WeightsError(
            f"There is no bundle {str(name_or_folder)!r}: name one that is installed ({have}) or a folder of your own."
        )
    return _bundle(folder, _read(folder))


def verify(bundle: Bundle) -> list[str]:
    """Every problem of a bundle's files, one sentence each; empty if all is well."""
    problems = []
    for name in bundle.parts:
        try:
            bundle.check(name)
        except WeightsError as error:
            problems.append(str(error))
    return problems


def save_part(
    folder: str | Path,
    part: str,
    module: nn.Module,
    network: str,
    arguments: dict[str, Any],
    extra: dict[str, Any] | None = None,
) -> None:
    """Write one network into a bundle folder (made if need be) and describe it in bundle.json.

    `NETWORKS[network](**arguments)` must build a module with the same state dict; arguments and extra are json
    (lists in arguments come back as tuples). Stored in half precision where that keeps three digits. The canvas of
    the bundle is that of its generator. Several recipes may save into one folder at once.
    """
    from safetensors.torch import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = save({name: _compact(tensor) for name, tensor in module.state_dict().items()})
    entry = Part(
        file=f"{part}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        network=network,
        arguments=arguments,
        extra=extra or {},
    )
    json.dumps([arguments, entry.extra])  # fails before anything is written
    with _card(folder) as card:
        with whole_file(folder / entry.file) as stream:
            stream.write(content)
        card["parts"][part] = vars(entry)
        if network == "stylegan2":
            card["canvas"] = list(cast(Sequence[int], module.canvas))


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
    with _locked(folder):
        if (folder / CARD).exists():
            card = _read(folder)
        else:
            card = {"format": FORMAT, "name": folder.resolve().name, "description": "", "canvas": [0, 0],
                    "licence": "", "data": "", "parts": {}, "figures": {}}  # fmt: skip
        yield card
        with whole_file(folder / CARD) as stream:
            stream.write((json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against other writers, where the system can (POSIX); freed by a kill as well."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(f"{folder} is not a bundle, it has no {CARD}: name a bundle or its folder.") from error
    except (ValueError, OSError) as error:
        raise WeightsError(f"{path} cannot be read ({_first_line(error)}): copy or fetch the bundle again.") from error
    if isinstance(card, dict) and isinstance(card.get("format"), int) and card["format"] > FORMAT:
        raise WeightsError(f"{path} is of format {card['format']}, newer than this fice can read: update fice.")
    return card


def _bundle(folder: Path, card: Any) -> Bundle:
    """bundle.json's content as a Bundle; WeightsError if it is not what it should be."""
    try:
        if card["format"] != FORMAT:
            raise ValueError("format")
        height, width = (int(side) for side in card["canvas"])
        parts = {name: Part(**entry) for name, entry in card["parts"].items()}
        for part in parts.values():
            if Path(part.file).name != part.file or not part.file.endswith(".safetensors"):
                raise ValueError(f"file {part.file!r}")  # a description must not point outside its folder
            if not isinstance(part.bytes, int) or not isinstance(part.sha256, str):
                raise ValueError("bytes or sha256")
            if not isinstance(part.arguments, dict) or not isinstance(part.extra, dict):
                raise ValueError("arguments or extra")
        texts = {key: str(card.get(key, "")) for key in ("description", "licence", "data")}
        return Bundle(folder, str(card["name"]), (height, width), parts=parts, figures=dict(card["figures"]), **texts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{folder / CARD} is damaged ({type(error).__name__}: {error}): copy or fetch the bundle again."
        ) from error


def _compact(tensor: torch.Tensor) -> torch.Tensor:
    """A copy in half precision, unless that overflows or loses more than a thousandth (root mean square)."""
    tensor = tensor.detach().cpu().clone().contiguous()
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return tensor
    exact, half = tensor.float(), tensor.half()
    error = (half.float() - exact).norm().item()
    return half if math.isfinite(error) and error <= 1e-3 * exact.norm().item() else exact


def _tuples(value: Any) -> Any:
    """json's lists as tuples, at any depth."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip().rstrip(":")
