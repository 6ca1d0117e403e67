"""A bundle: a folder with bundle.json and one safetensors file per network. Nothing in it is ever executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fice.bundle.card import CARD, FORMAT, Attachment, Folder, Part, read_card, read_folder, read_part
from fice.errors import WeightsError, first_line
from fice.files import bar, own_bundles, sha256_of, shipped
from fice.nets import NETWORKS, network, outline

if TYPE_CHECKING:
    import torch
    from torch import nn

_CHECKED: set[tuple] = set()  # files whose checksum was right


@dataclass(frozen=True)
class Bundle:
    """The networks of one kind of photograph, described; each is read and checked when asked for.

    >>> from fice import load_bundle
    >>> generator = load_bundle("street").part("generator")
    >>> generator.canvas
    (256, 128)
    """

    folder: Path
    name: str
    canvas: tuple[int, int]  # height and width of the generator's pictures
    description: str = ""
    licence: str = ""
    data: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)  # "pipeline", "controlnet", "adapter"
    figures: dict[str, Any] = field(default_factory=dict)

    def part(
        self, name: str, device: str | torch.device = "cpu", dtype: torch.dtype | None = None, kind: str | None = None
    ) -> Any:
        """The network of one part, an nn.Module ready to use: weights loaded, eval mode, parameters without gradients.

        Weights of the wanted dtype (float32 by default) are mapped from the file, not copied. kind takes another
        network of the same entries than the part names. Raises WeightsError if the part is missing or damaged.
        """
        import torch

        from fice.checkpoints.files import read_safetensors

        part = self._part(name)
        self._check_once(name)
        if part.network not in NETWORKS:
            raise WeightsError(
                f"The {name} of bundle {self.name} is a network of kind {part.network!r}, which this fice does not"
                f" know (it knows {', '.join(NETWORKS)}): update fice."
            )
        try:
            module = _load(kind or part.network, _tuples(part.arguments), read_safetensors(self.folder / part.file))
        except (RuntimeError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise WeightsError(
                f"The {name} of bundle {self.name} does not fit its description in {self.folder / CARD}:"
                f" fetch or train the bundle again ({first_line(error)})."
            ) from error
        return module.to(device, dtype or torch.float32).eval().requires_grad_(False)

    def later(self, name: str, device: str | torch.device = "cpu", kind: str | None = None) -> Callable[[], Any]:
        """What reads a part as `part` does, once it is needed; missing or damaged weights are refused at once."""
        self._part(name)
        self._check_once(name)
        return partial(self.part, name, device, kind=kind)

    def extra(self, part: str) -> dict[str, Any]:
        """What a part carries beside its weights (vocabulary, class names, ...)."""
        return self._part(part).extra

    def package(self, part: str) -> str:
        """The kind that computes a part by the package it comes from; WeightsError if there is none."""
        kind = self._part(part).network.removesuffix("-package") + "-package"
        if kind not in NETWORKS:
            raise WeightsError(
                f"The {part} of bundle {self.name} comes from no package: leave out the setting that asks for one."
            )
        return kind

    def file(self, part: str, name: str) -> bytes:
        """A small file that travels with a part. Raises WeightsError if it is missing or damaged."""
        attached = self._part(part).files.get(name)
        if attached is None:
            raise WeightsError(f"The {part} of bundle {self.name} has no {name}: import its checkpoint again.")
        path = self.folder / f"{part}.{name}"
        self._check_file(path, attached)
        return path.read_bytes()

    def tree(self, name: str) -> Path:
        """The folder of a model, whose files are there in full size; `check` compares what they hold.

        Raises WeightsError where it is missing or lacks some.
        """
        if name not in self.folders:
            how = "import one (fice models import FOLDER --as NAME)"
            raise WeightsError(f"Bundle {self.name} has no {name}: choose another --bundle, or {how}.")
        for path, file in self.folders[name].files.items():
            self._check_size(self.folder / name / path, file)
        return self.folder / name

    @property
    def preset(self) -> str:
        """The preset that is meant where none is named."""
        return "diffusion" if "pipeline" in self.folders else "default"

    @property
    def reads_own_words(self) -> bool:
        """Its CLIP was trained on the words of `fice.language.lexicon`, rather than on any text."""
        return "vocabulary" in (extra := self.extra("clip")) or extra.get("tokenizer") == "words"

    @property
    def whole(self) -> bool:
        """Its generator draws photographs as they are taken, rather than somebody from head to foot on white."""
        return "generator" in self.parts and self.extra("generator").get("framing") == "photo"

    @property
    def bytes(self) -> int:
        """Size of all weights together."""
        parts, folders = self.parts.values(), self.folders.values()
        return sum(part.bytes for part in parts) + sum(folder.bytes for folder in folders)

    def content(self) -> dict[str, Any]:
        """The sha256 of all weights: of each part, and of each file of its folders."""
        models = {name: {path: file.sha256 for path, file in each.files.items()} for name, each in self.folders.items()}
        return {name: part.sha256 for name, part in self.parts.items()} | models

    def summary(self) -> dict[str, Any]:
        """What a person wants to know, as json: the description without vocabularies and checksums."""
        parts = {name: {"network": part.network, "bytes": part.bytes} for name, part in self.parts.items()}
        return {
            "name": self.name,
            "description": self.description,
            "canvas": list(self.canvas),
            "bytes": self.bytes,
            "licence": self.licence,
            "data": self.data,
            "parts": parts,
            "folders": {name: folder.told() for name, folder in self.folders.items()},
            "figures": self.figures,
        }

    def check(self, name: str, seen: Callable[[int], object] = lambda _: None) -> None:
        """Compare size and sha256 of a part's or folder's files with the description; WeightsError if they differ.

        seen: is told the bytes of what was read.
        """
        if name in self.folders:
            for path, file in self.folders[name].files.items():
                self._check_file(self.folder / name / path, file, seen)
            return
        part = self._part(name)
        self._check_file(self.folder / part.file, part, seen)
        for other, attached in part.files.items():
            self._check_file(self.folder / f"{name}.{other}", attached, seen)

    def _check_once(self, name: str) -> None:
        """As `check`, but files that were right and have not changed since are not read again."""
        path = self.folder / self._part(name).file
        state = path.stat() if path.is_file() else None
        if (key := (path, state and state.st_mtime_ns, state and state.st_size)) not in _CHECKED:
            self.check(name)
            _CHECKED.add(key)

    @property
    def _again(self) -> str:
        return f"copy, fetch or import the bundle {self.name} again"

    def _check_size(self, path: Path, wanted: Part | Attachment) -> None:
        if not path.is_file():
            raise WeightsError(f"The weights {path} are missing: {self._again}.")
        size = path.stat().st_size
        if size != wanted.bytes:
            raise WeightsError(f"The weights {path} have {size} bytes instead of {wanted.bytes}: {self._again}.")

    def _check_file(
        self, path: Path, wanted: Part | Attachment, seen: Callable[[int], object] = lambda _: None
    ) -> None:
        self._check_size(path, wanted)
        if sha256_of(path, seen) != wanted.sha256:
            raise WeightsError(f"The weights {path} are damaged (their sha256 is not the expected one): {self._again}.")

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            have = ", ".join(self.parts) or "nothing"
            raise WeightsError(
                f"Bundle {self.name} has no {name} (it has {have}): import one into it (fice models"
                f" import FILE --as {self.name}), or choose another bundle with --bundle."
            )
        return self.parts[name]


def list_bundles() -> list[str]:
    """Names of the bundles that came with fice, then of those that were imported or fetched.

    >>> import fice
    >>> fice.list_bundles()
    ['street', 'street-judge'...]
    """
    came, own = ({card.parent.name for card in folder.glob(f"*/{CARD}")} for folder in (shipped(), own_bundles()))
    return [*sorted(came), *sorted(own - came)]


def load_bundle(name_or_folder: str | Path | Bundle = "street") -> Bundle:
    """The bundle of a name (`street`) or of a folder (`./my`); one that is loaded stays as it is.

    Raises WeightsError if it cannot be used.

    >>> import fice
    >>> list(fice.load_bundle("street").parts)
    ['regions', 'pose', 'clip', 'generator', 'encoder', 'garments']
    """
    if isinstance(name_or_folder, Bundle):
        return name_or_folder
    folder = Path(name_or_folder)
    if isinstance(name_or_folder, str) and folder.name == name_or_folder:
        named = (place / name_or_folder for place in (shipped(), own_bundles()))
        folder = next((place for place in named if (place / CARD).is_file()), folder)
    if not folder.is_dir():
        have = ", ".join(list_bundles()) or "none"
        raise WeightsError(
            f"There is no bundle {str(name_or_folder)!r}: name one that is installed ({have}) or a folder of your own,"
            " or see what fice models list offers."
        )
    return _bundle(folder, read_card(folder))


def verify(bundle: Bundle) -> list[str]:
    """Every problem of a bundle's files, one sentence each; empty if all is well."""
    problems = []
    with bar(bundle.bytes, f"checksums of {bundle.name}") as seen:
        for name in (*bundle.parts, *bundle.folders):
            try:
                bundle.check(name, seen)
            except WeightsError as error:
                problems.append(str(error))
    return problems


def _bundle(folder: Path, card: Any) -> Bundle:
    """bundle.json's content as a Bundle; WeightsError if it is not what it should be."""
    try:
        if card["format"] != FORMAT:
            raise ValueError("format")
        height, width = (int(side) for side in card["canvas"])
        parts = {name: read_part(entry) for name, entry in card["parts"].items()}
        for part in parts.values():
            if Path(part.file).name != part.file or not part.file.endswith(".safetensors"):
                raise ValueError(f"file {part.file!r}")  # a description must not point outside its folder
            if not isinstance(part.bytes, int) or not isinstance(part.sha256, str):
                raise ValueError("bytes or sha256")
            if not isinstance(part.arguments, dict) or not isinstance(part.extra, dict):
                raise ValueError("arguments or extra")
        folders = {name: read_folder(name, entry) for name, entry in card.get("folders", {}).items()}
        texts = {key: str(card.get(key, "")) for key in ("description", "licence", "data")}
        figures = dict(card["figures"])
        return Bundle(
            folder, str(card["name"]), (height, width), parts=parts, folders=folders, figures=figures, **texts
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {ascii(first_line(error))[1:-1]}"
        raise WeightsError(f"{folder / CARD} is damaged ({reason}): copy or fetch the bundle again.") from error


def _load(kind: str, arguments: dict[str, Any], state: dict[str, torch.Tensor]) -> nn.Module:
    """A network that uses the tensors of `state` as they lie."""
    module = outline(kind, arguments)
    module.load_state_dict(state, assign=True)
    if any(tensor.is_meta for tensor in chain(module.parameters(), module.buffers())):
        module = network(kind)(**arguments)  # it computes some of its tensors when it is built
        module.load_state_dict(state, assign=True)
    return module


def _tuples(value: Any) -> Any:
    """json's lists as tuples, at any depth."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def check_encoder(bundle: Bundle) -> None:
    """Raises WeightsError when a bundle has no generator, or an encoder that is made for another canvas."""
    bundle.extra("generator")
    canvas = tuple({**bundle.extra("encoder"), **bundle.parts["encoder"].arguments}.get("canvas", bundle.canvas))
    if canvas != bundle.canvas:
        raise WeightsError(
            f"The encoder of bundle {bundle.name} is for pictures of {canvas[0]} x {canvas[1]} pixels, its generator"
            f" draws {bundle.canvas[0]} x {bundle.canvas[1]}: import the encoder that belongs to it, or none."
        )
