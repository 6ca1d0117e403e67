"""Every choice of an edit, with its reason. Presets differ in values only, never in code."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fice.errors import UsageError
from fice.setting import RENAMED, WORDS, boolean, check, setting, unknown

NETWORK = "network"  # as the value of a setting: the bundle's own


@dataclass(frozen=True)
class Settings:
    """How an edit is made; the values here are the preset `default`.

    >>> from fice import Settings
    >>> settings = Settings.preset("paper", steps=60)
    >>> settings.start, settings.replace(pose=0.0).changes()
    ('encoder', {'steps': 60, 'pose': 0.0})
    """

    name: str = "default"  # the preset these values came from

    garment: str = setting(
        "photographed",
        "What a new garment is made of: the photographed one in other cloth, what the generator draws, or what a "
        "diffusion model draws.",
        choices=("photographed", "generated", "diffused"),
    )

    # the loop
    steps: int = setting(
        10,
        "Steps of the optimisation; 60 were no better by any measure of docs/study.md, but where nothing is painted "
        "it takes a hundred (inversion).",
        limits=(1, 100_000),
    )
    rate: float = setting(
        0.01, "Adam's rate; the authors' 0.05 tears apart what is tuned to the photograph.", limits=(1e-6, 10.0)
    )
    schedule: str = setting(
        "ramp", "How the rate goes on; one that falls ends without Adam's jitter.", choices=("constant", "ramp")
    )
    tolerance: float = setting(
        0.0, "Share of the loss; above 0 a picture that stops improving drops out.", limits=(0.0, 1.0)
    )

    # where it starts
    start: str = setting(
        "redressed",
        "The photographed garment in new cloth, the photo as the encoder sees it, the mean person, or a random one.",
        choices=("redressed", "encoder", "mean", "random"),
    )
    space: str = setting(
        "w+", "A latent of its own for each layer (w+), or one for all of them, which shows less.", choices=("w+", "w")
    )
    refine: int = setting(
        0,
        "Steps that fit the latent to the photograph, or to its re-dressed garment, before any text is known.",
        limits=(0, 100_000),
    )
    tuning: int = setting(
        0,
        "Steps that fit the generator's own weights to the same (pivotal tuning, arXiv 2106.05744); what it misses of "
        "a redressed start is added without, but not of another (inversion).",
        limits=(0, 100_000),
    )

    # the terms; the first five weights are the authors'
    semantic: float = setting(1.0, "Weight of the likeness to the text; 0 removes the term.")
    image: float = setting(30.0, "Weight of the likeness to the photo outside the garment; 0 removes the term.")
    pose: float = setting(10.0, "Weight of the body's standing as it stood; 0 removes the term.")
    head: float = setting(1.0, "Weight of the head's shape; 0 removes the term.")
    latent: float = setting(1.0, "Weight of the latent's nearness to what the generator knows; 0 removes the term.")
    cloth: float = setting(
        2000.0,
        "Weight of the re-dressed start's coarse colour, as CLIP alone drifts into rainbows "
        "that it likes; 0 removes the term.",
    )

    texture: float = setting(10.0, "Weight of a swatch's texture, where a swatch is given; 0 removes the term.")
    reference: float = setting(10.0, "Weight of the likeness to a garment's pictures, if any; 0 removes the term.")

    # what the terms look at
    crop: str = setting(
        "garment",
        "What CLIP is shown: the garment alone on white, so that the street says nothing, or the whole picture.",
        choices=("garment", "picture"),
    )
    views: int = setting(
        4,
        "Augmented views of what CLIP is shown; one fixed view (0) invites noise that only CLIP sees.",
        limits=(0, 64),
    )
    plain: bool = setting(
        True, "Whether a colour named without a pattern is asked for alone, as CLIP is content with a rainbow."
    )
    apart: bool = setting(
        True,
        "Whether the terms look at each garment alone; where they see all at once, one garment's look is another's.",
    )
    clamp: bool = setting(True, "Whether CLIP and the stitch are shown what a file can hold.")
    keep: str = setting(
        "garment",
        "What the image term leaves free: the garment, so that arms and legs stay as they are, or the whole body.",
        choices=("garment", "body"),
    )
    mirrored: bool = setting(
        True, "Whether what is looked at once is looked at in the mirror too, which halves the regions' noise."
    )

    # who computes; the weights are the bundle's own either way
    clip_from: str = setting(
        "network",
        "Whose CLIP: our network, or OpenAI's package clip, where it is installed.",
        choices=("network", "package"),
    )
    pose_from: str = setting(
        "network",
        "Whose DensePose: our network, or the packages detectron2 and densepose, where they are installed.",
        choices=("network", "package"),
    )
    region_from: str = setting(
        NETWORK, "Who finds regions by words: the bundle's networks, or a segmenter of your own, by name or folder."
    )

    # what is shown
    warp: bool = setting(
        True, "Whether a garment's picture is laid on the body part by part; as a whole, sleeves and prints go astray."
    )
    pictures: int = setting(3, "How many pictures of a garment count; with 0 its words alone.", limits=(0, 3))

    # how a diffusion model draws
    guidance: float = setting(
        0.0,
        "How much the words count (classifier-free guidance); 1: no guidance; 0: as is usual for the model.",
        limits=(0.0, 50.0),
    )
    noise: float = setting(
        1.0,
        "Share of the noise from which a garment begins; below 1 something of the old one stays.",
        limits=(0.05, 1.0),
    )
    grow: float = setting(
        0.02, "Share of the person's height by which the new garment may outgrow the old one.", limits=(0.0, 0.3)
    )
    side: int = setting(
        0, "Pixels of a square as large as what the model is shown; 0: what it was trained on.", limits=(0, 4096)
    )
    adapter: float = setting(
        0.7, "How much pictures of a garment and swatches count (IP-Adapter's scale).", limits=(0.0, 2.0)
    )
    control: float = setting(0.8, "How much the pose counts (ControlNet's scale); 0 leaves it out.", limits=(0.0, 2.0))
    scheduler: str = setting(
        "own",
        "How noise goes down: as the model's folder says, or as few-step plug-ins want it (lcm, trailing).",
        choices=("own", "lcm", "trailing"),
    )
    negative: str = setting(
        "deformed, blurred, low quality, text, watermark", "Words for what shall not be seen, where a model hears them."
    )
    precision: str = setting(
        "auto",
        "The model's numbers, and those of the networks that look at what is generated; auto: float32 there and on a"
        " processor, else half of that.",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    offload: str = setting(
        "auto",
        "What of the model waits in main memory: nothing, all but the part or the layer at work; auto: by its size.",
        choices=("auto", "none", "model", "layer"),
    )

    # how it goes back
    stitch: str = setting(
        "region",
        "What of the photograph comes back: all but the garment, the head alone, nothing.",
        choices=("region", "head", "none"),
    )
    detail: float = setting(1.0, "How much of the cloth's own folds is carried over.", limits=(0.0, 1.0))
    strength: float = setting(
        1.0, "Factor of the semantic term, for people who want more or less of the text.", limits=(0.0, 100.0)
    )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Settings:
        """A preset of `PRESETS` with changes. UsageError for unknown names and bad values."""
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
        """UsageError where a setting was changed that does not concern garments of this kind."""
        own = USED.get(self.garment, frozenset())
        idle = [name for name in self.changes() if name in CONCERNED and name not in own]
        if idle:
            kind = next(kind for kind, used in USED.items() if idle[0] in used)
            preset, garments = {"generated": ("generated", "generated"), "diffused": ("diffusion", "diffused")}[kind]
            raise UsageError(f"{' and '.join(idle)} concerns {garments} garments only; add --preset {preset}.")

    def replace(self, **changes: Any) -> Settings:
        """A copy with some values changed; raises UsageError where a name or value makes no sense."""
        known = {field.name: field for field in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise UsageError(unknown(name, known))
            check(known[name], value)
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
            raise UsageError(unknown(name, known))
        if not equals or name not in known:
            raise UsageError(f"{assignment!r} is no setting: write name=value with one of {', '.join(known)}.")
        kind: Any = type(known[name].default)
        try:
            value = boolean(text) if kind is bool else kind(text)
        except ValueError:
            raise UsageError(f"{name} wants {WORDS[kind]}, not {text!r}.") from None
        check(known[name], value)
        return name, value


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"mirrored": False},  # a preview
    # the method of the paper from the photograph re-dressed by mask, where no mask alone would do
    "generated": {"garment": "generated"},
    # the same from the photograph itself: nothing is painted, so the latent has further to go
    "inversion": {
        "garment": "generated",
        "start": "encoder",
        "refine": 10,
        "tuning": 40,
        "steps": 100,
        "rate": 0.03,
        "semantic": 2.0,
        "latent": 0.2,
    },
    # a bundle with a diffusion model; the second for plug-ins that need few steps (LCM)
    "diffusion": {"garment": "diffused", "steps": 30},
    "diffusion-fast": {"garment": "diffused", "steps": 6, "guidance": 1.5, "scheduler": "lcm"},
    # as released by the authors: 501 steps at a constant rate, the whole picture, no augmentation, no clamp
    "paper": {
        "garment": "generated",
        "steps": 501,
        "rate": 0.05,
        "schedule": "constant",
        "start": "encoder",
        "cloth": 0.0,
        "crop": "picture",
        "views": 0,
        "plain": False,
        "clamp": False,
        "keep": "body",
        "mirrored": False,
        "stitch": "head",
        "detail": 0.0,
    },
}
# what concerns garments of one kind, or two
DIFFUSED = ("guidance", "noise", "grow", "side", "adapter", "control", "scheduler", "negative", "precision", "offload")
COMMON = ("name", "garment", "mirrored", "clip_from", "region_from", "warp", "pictures")
CONCERNED = frozenset(field.name for field in dataclasses.fields(Settings)) - {*COMMON}
USED = {"generated": CONCERNED - {*DIFFUSED} | {"precision"}, "diffused": frozenset({*DIFFUSED, "steps", "apart"})}
