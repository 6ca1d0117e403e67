"""Every choice of an edit, with its reason. Presets differ in values only, never in code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fice.errors import UsageError

RENAMED = {"look": "crop", "semantics": "clip_from", "posing": "pose_from"}  # by their old names
NETWORK = "network"  # as the value of a setting: the bundle's own
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def _of(default: Any, meaning: str, *, limits: tuple[float, float] = (0.0, 1e6), choices: tuple[str, ...] = ()) -> Any:
    """A setting: its value in the preset `default`, what it means and why, and what it may be."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, "limits": limits, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """How an edit is made; the values here are the preset `default`.

    >>> from fice import Settings
    >>> settings = Settings.preset("paper", steps=60)
    >>> settings.start, settings.replace(pose=0.0).changes()
    ('encoder', {'steps': 60, 'pose': 0.0})
    """

    name: str = "default"  # the preset these values came from

    garment: str = _of(
        "photographed",
        "What a new garment is made of: the photographed one in other cloth, or what the generator draws.",
        choices=("photographed", "generated"),
    )

    # the loop
    steps: int = _of(
        20,
        "Steps of the optimisation; 60 were no better by any measure of docs/study.md, but from "
        "another start give it 60.",
        limits=(1, 100_000),
    )
    rate: float = _of(
        0.02, "Adam's rate; the authors' 0.05 tears apart what is tuned to the photograph.", limits=(1e-6, 10.0)
    )
    schedule: str = _of(
        "ramp", "How the rate goes on; one that falls ends without Adam's jitter.", choices=("constant", "ramp")
    )
    tolerance: float = _of(
        0.0, "Share of the loss; above 0 a picture that stops improving drops out.", limits=(0.0, 1.0)
    )

    # where it starts
    start: str = _of(
        "redressed",
        "The photographed garment in new cloth, the photo as the encoder sees it, the mean person, or a random one.",
        choices=("redressed", "encoder", "mean", "random"),
    )
    space: str = _of(
        "w+", "A latent of its own for each layer (w+), or one for all of them, which shows less.", choices=("w+", "w")
    )
    refine: int = _of(
        10,
        "Steps that fit the latent to the photograph before any text is known; 30 bring nothing more.",
        limits=(0, 100_000),
    )
    tuning: int = _of(
        40,
        "Steps that fit the generator's own weights to the photograph (pivotal tuning, arXiv 2106.05744).",
        limits=(0, 100_000),
    )

    # the terms; the first five weights are the authors'
    semantic: float = _of(1.0, "Weight of the likeness to the text; 0 removes the term.")
    image: float = _of(30.0, "Weight of the likeness to the photo outside the garment; 0 removes the term.")
    pose: float = _of(10.0, "Weight of the body's standing as it stood; 0 removes the term.")
    head: float = _of(1.0, "Weight of the head's shape; 0 removes the term.")
    latent: float = _of(1.0, "Weight of the latent's nearness to what the generator knows; 0 removes the term.")
    cloth: float = _of(
        2000.0,
        "Weight of the re-dressed start's coarse colour, as CLIP alone drifts into rainbows "
        "that it likes; 0 removes the term.",
    )

    texture: float = _of(
        10.0, "Weight of a swatch's texture on the garment, where a swatch is given; 0 removes the term."
    )
    reference: float = _of(
        10.0, "Weight of the likeness to a garment's pictures, where there are some; 0 removes the term."
    )

    # what the terms look at
    crop: str = _of(
        "garment",
        "What CLIP is shown: the garment alone on white, so that the street says nothing, or the whole picture.",
        choices=("garment", "picture"),
    )
    views: int = _of(
        4,
        "Augmented views of what CLIP is shown; one fixed view (0) invites noise that only CLIP sees.",
        limits=(0, 64),
    )
    apart: bool = _of(
        True,
        "Whether the terms look at each garment alone; where they see all at once, one garment's look is another's.",
    )
    clamp: bool = _of(True, "Whether CLIP and the stitch are shown what a file can hold.")
    keep: str = _of(
        "garment",
        "What the image term leaves free: the garment, so that arms and legs stay as they are, or the whole body.",
        choices=("garment", "body"),
    )
    mirrored: bool = _of(
        True, "Whether what is looked at once is looked at in the mirror too, which halves the regions' noise."
    )

    # who computes; the weights are the bundle's own either way
    clip_from: str = _of(
        "network",
        "Whose CLIP: our network, or OpenAI's package clip, where it is installed.",
        choices=("network", "package"),
    )
    pose_from: str = _of(
        "network",
        "Whose DensePose: our network, or the packages detectron2 and densepose, where they are installed.",
        choices=("network", "package"),
    )
    region_from: str = _of(
        NETWORK, "Who finds regions by words: the bundle's networks, or a segmenter of your own, by name or folder."
    )

    # what is shown
    warp: bool = _of(
        True, "Whether a garment's picture is laid on the body part by part; as a whole, sleeves and prints go astray."
    )
    pictures: int = _of(3, "How many pictures of a garment count; with 0 its words alone.", limits=(0, 3))

    # how it goes back
    stitch: str = _of(
        "region",
        "What of the photograph comes back: all but the garment, the head alone, nothing.",
        choices=("region", "head", "none"),
    )
    detail: float = _of(1.0, "How much of the cloth's own folds is carried over.", limits=(0.0, 1.0))
    strength: float = _of(
        1.0, "Factor of the semantic term, for people who want more or less of the text.", limits=(0.0, 100.0)
    )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Settings:
        """`default`, `fast`, `generated` or `paper`, with changes. UsageError for unknown names and bad values."""
        if name not in PRESETS:
            raise UsageError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")
        return cls(name=name).replace(**PRESETS[name]).replace(**changes)

    @classmethod
    def asked_for(
        cls,
        preset: str,
        assignments: Sequence[str] = (),
        *,
        steps: int | None = None,
        strength: float | None = None,
        region_from: str | None = None,
    ) -> Settings:
        """A preset with what is not None replaced; assignments, "name=value" each, have the last word.

        Raises UsageError as `preset` and `parse` do.
        """
        asked = {"steps": steps, "strength": strength, "region_from": region_from}
        given = {name: value for name, value in asked.items() if value is not None}
        settings = cls.preset(preset, **given).replace(**dict(map(cls.parse, assignments)))
        settings.check()
        return settings

    def check(self) -> None:
        """UsageError where a setting of garments that are generated was changed, and the garment is photographed."""
        idle = [name for name in self.changes() if name in GENERATING and self.garment == "photographed"]
        if idle:
            raise UsageError(f"{' and '.join(idle)} concerns generated garments only; add --preset generated.")

    def replace(self, **changes: Any) -> Settings:
        """A copy with some values changed; raises UsageError where a name or value makes no sense."""
        known = {field.name: field for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise UsageError(_unknown(name, known))
            _check(known[name], value)
        return dataclasses.replace(self, **changes)

    def changes(self) -> dict[str, Any]:
        """What differs from the preset that these settings came from, by name."""
        preset = vars(self.preset(self.name))
        return {name: value for name, value in vars(self).items() if value != preset[name]}

    @classmethod
    def parse(cls, assignment: str) -> tuple[str, Any]:
        """ "name=value" -> (name, value of the setting's type). Raises UsageError."""
        name, equals, text = assignment.partition("=")
        known = {field.name: field for field in dataclasses.fields(cls)}
        if equals and name in RENAMED:
            raise UsageError(_unknown(name, known))
        if not equals or name not in known:
            raise UsageError(f"{assignment!r} is no setting: write name=value with one of {', '.join(known)}.")
        kind: Any = type(known[name].default)
        try:
            value = _boolean(text) if kind is bool else kind(text)
        except ValueError:
            raise UsageError(f"{name} wants {WORDS[kind]}, not {text!r}.") from None
        _check(known[name], value)
        return name, value


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"mirrored": False},  # a preview
    # the method of the paper from the photograph re-dressed by mask, where no mask alone would do
    "generated": {"garment": "generated"},
    # as released by the authors: 501 steps at a constant rate, the whole picture, no augmentation, no clamp
    "paper": {
        "garment": "generated",
        "steps": 501,
        "rate": 0.05,
        "schedule": "constant",
        "start": "encoder",
        "refine": 0,
        "tuning": 0,
        "cloth": 0.0,
        "crop": "picture",
        "views": 0,
        "clamp": False,
        "keep": "body",
        "mirrored": False,
        "stitch": "head",
        "detail": 0.0,
    },
}
# what is said of garments that are generated alone
GENERATING = frozenset(field.name for field in dataclasses.fields(Settings)) - {
    "name",
    "garment",
    "mirrored",
    "clip_from",
    "region_from",
    "warp",
    "pictures",
}


def as_set(value: Any) -> str:
    """A value as --set takes it."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unknown(name: str, known: Iterable[str]) -> str:
    if name in RENAMED:
        return f"The setting {name} is called {RENAMED[name]} now: say {RENAMED[name]}."
    return f"There is no setting {name!r}: choose one of {', '.join(known)}."


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _check(setting: dataclasses.Field, value: Any) -> None:
    name, kind, choices = setting.name, type(setting.default), setting.metadata.get("choices")
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) if kind is float else type(value) is kind
    if not fits:
        raise UsageError(f"{name} wants {WORDS[kind]}, not {value!r}.")
    if choices and value not in choices:
        raise UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
    if kind in (int, float):
        low, high = setting.metadata["limits"]
        if not math.isfinite(value) or not low <= value <= high:
            raise UsageError(f"{name} wants a number from {low:g} to {high:g}, not {value!r}.")
