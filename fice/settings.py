"""Every choice of an edit, with its reason. Presets differ in values only, never in code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fice.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """How an edit is made; the values here are the preset `default`."""

    name: str = "default"  # the preset these values came from

    # the loop
    steps: int = 20  # 60 were no better by any measure of docs/study.md; from another start give it 60
    rate: float = 0.02  # the authors' 0.05 tears apart what is tuned to the photograph
    schedule: str = "ramp"  # constant | ramp: a rate that falls ends without Adam's jitter
    tolerance: float = 0.0  # share of the loss; above 0 a picture that stops improving drops out

    # where it starts
    start: str = "redressed"  # redressed | guess | encoder: the photo recoloured, guessed, as it is | mean | random
    space: str = "w+"  # w+ | w: a latent of its own for each layer shows what one for all of them cannot
    refine: int = 10  # steps that fit the latent to the photograph before any text is known; 30 bring nothing more
    tuning: int = 40  # steps that fit the generator's own weights to it (pivotal tuning, arXiv 2106.05744)

    # the terms and their weights, 0 removes one
    semantic: float = 1.0  # the authors' weight
    image: float = 30.0  # the authors' weight
    pose: float = 10.0  # the authors' weight
    head: float = 1.0  # the authors' weight
    latent: float = 1.0  # the authors' weight

    cloth: float = 2000.0  # holds the coarse colour of the re-dressed start: CLIP alone drifts into rainbows it likes

    # what the terms look at
    look: str = "garment"  # garment | picture: the garment alone on white, so that the street says nothing
    views: int = 4  # augmented views of it; one fixed view invites noise that only CLIP sees
    clamp: bool = True  # CLIP and the stitch are shown what a file can hold
    keep: str = "garment"  # garment | body: what the image term leaves free; arms and legs stay as they are
    mirrored: bool = True  # what is looked at once is looked at in the mirror too, which halves the regions' noise

    # who computes; the weights are the bundle's own either way
    semantics: str = "network"  # network | package: OpenAI's clip, where it is installed
    posing: str = "network"  # network | package: detectron2 with densepose, where they are installed

    # how it goes back
    stitch: str = "region"  # region | head | none: the photograph is all but the garment, the head alone, nothing
    detail: float = 1.0  # how much of the cloth's own folds is carried over, 0 to 1
    strength: float = 1.0  # factor of the semantic term, for people who want more or less of the sentence

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Settings:
        """`default`, `paper`, `fast` or `best`, with changes. Raises UsageError for unknown names and bad values."""
        if name not in PRESETS:
            raise UsageError(f"There is no preset {name!r}: choose one of {', '.join(PRESETS)}.")
        return cls(name=name).replace(**PRESETS[name]).replace(**changes)

    @classmethod
    def asked_for(cls, preset: str, assignments: Sequence[str] = (), *, steps: int | None = None,
                  strength: float | None = None) -> Settings:  # fmt: skip
        """A preset with what is not None replaced; assignments, "name=value" each, have the last word.

        Raises UsageError as `preset` and `parse` do.
        """
        given = {name: value for name, value in (("steps", steps), ("strength", strength)) if value is not None}
        return cls.preset(preset, **given).replace(**dict(map(cls.parse, assignments)))

    def replace(self, **changes: Any) -> Settings:
        """A copy with some values changed; raises UsageError where a name or value makes no sense."""
        known = {field.name: field for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise UsageError(f"There is no setting {name!r}: choose one of {', '.join(known)}.")
            _check(name, value, known[name].default)
        return dataclasses.replace(self, **changes)

    def changes(self) -> dict[str, Any]:
        """What differs from the preset that these settings came from, by name."""
        preset = vars(self.preset(self.name))
        return {name: value for name, value in vars(self).items() if value != preset[name]}

    @classmethod
    def parse(cls, assignment: str) -> tuple[str, Any]:
        """"name=value" -> (name, value of the setting's type). Raises UsageError."""
        name, equals, text = assignment.partition("=")
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        if not equals or name not in defaults:
            raise UsageError(f"{assignment!r} is no setting: write name=value with one of {', '.join(defaults)}.")
        kind: Any = type(defaults[name])
        try:
            value = _boolean(text) if kind is bool else kind(text)
        except ValueError:
            raise UsageError(f"{name} wants {KINDS[kind]}, not {text!r}.") from None
        _check(name, value, defaults[name])
        return name, value


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # as released by the authors: 501 steps at a constant rate, the whole picture, no augmentation, no clamp
    "paper": {
        "steps": 501, "rate": 0.05, "schedule": "constant", "start": "encoder", "refine": 0, "tuning": 0, "cloth": 0.0,
        "look": "picture", "views": 0, "clamp": False, "keep": "body", "mirrored": False, "stitch": "head",
        "detail": 0.0,
    },
    "fast": {"steps": 10, "tuning": 20, "views": 2},  # a look at what a sentence does
    "best": {"steps": 150, "refine": 60, "tuning": 120, "views": 8},  # when a minute or two do not matter
}  # fmt: skip

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
CHOICES = {
    "schedule": ("constant", "ramp"),
    "start": ("redressed", "guess", "encoder", "mean", "random"),
    "space": ("w+", "w"),
    "look": ("garment", "picture"),
    "keep": ("garment", "body"),
    "semantics": ("network", "package"),
    "posing": ("network", "package"),
    "stitch": ("region", "head", "none"),
}
LIMITS = {"steps": (1, 100_000), "rate": (1e-6, 10.0), "strength": (0.0, 100.0), "detail": (0.0, 1.0), "views": (0, 64),
          "tolerance": (0.0, 1.0), "refine": (0, 100_000), "tuning": (0, 100_000)}  # fmt: skip


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _check(name: str, value: Any, default: Any) -> None:
    kind = type(default)
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) if kind is float else type(value) is kind
    if not fits:
        raise UsageError(f"{name} wants {KINDS[kind]}, not {value!r}.")
    if name in CHOICES and value not in CHOICES[name]:
        raise UsageError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}.")
    if kind in (int, float):
        low, high = LIMITS.get(name, (0.0, 1e6))
        if not math.isfinite(value) or not low <= value <= high:
            raise UsageError(f"{name} wants a number from {low:g} to {high:g}, not {value!r}.")
