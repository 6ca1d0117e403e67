"""What an editor asks of whatever draws: fit a photo, begin, and go on step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from fice.cloth.dress import Dressing
from fice.diffusion.inpainted import Inpainted
from fice.order import Order
from fice.plan import Plan
from fice.references.fit import Fitted
from fice.subject.analysis import Analysis
from fice.subject.subject import Subject

SERVED = {"collection": "pictures", "top": "pictures"}  # wishes that become others before an engine hears of them


def refused(order: Order, takes: frozenset[str]) -> list[str]:
    """What an order asks for that an engine does not take."""
    return [name for name in order.asked() if SERVED.get(name, name) not in takes]


class Run(Protocol):
    """One picture in work.

    Attributes:
        plan, seed: what is wanted, and of which random numbers.
        picture: as drawn last, (1, 3, H, W) float, about [0, 1].
        losses: unweighted value of each term.
        steps, retries: taken, and begun anew.
        failed: diverged for good.
    """

    plan: Plan
    seed: int
    picture: Tensor
    losses: Mapping[str, float]
    steps: int
    retries: int
    failed: bool

    def curve(self) -> list[tuple[int, float]]:
        """(step, weighted loss) of some steps, the first and the last among them."""
        ...


@dataclass(frozen=True)
class Finished:
    """What an engine hands over to the stitch and to the edit.

    Attributes:
        picture: on the analysis canvas, (1, 3, h, w) sRGB in [0, 1], or about that where the engine's own range stays.
        body: the whole person in it, (1, 1, h, w) float in [0, 1].
        garments: for each piece of the plan, where it is now, (1, 1, h, w).
        cloths: for each piece the cloth in which the photographed garment is seen, or from which a generated one has
            what the canvas is too coarse for; what was painted anew; or None.
        latent: what the engine could begin from again, as `fice edit --save-latent` writes it; or None.
        generated: the picture is the engine's own; else the garments are seen in the cloths.
    """

    picture: Tensor
    body: Tensor
    garments: tuple[Tensor, ...]
    cloths: tuple[Dressing | Fitted | Inpainted | None, ...]
    latent: Tensor | None = None
    generated: bool = True


class Engine(Protocol):
    """Draws plans; its state of a photo is `Subject.fit`, that of a picture in work a `Run` of its own kind.

    Attributes:
        canvas: height and width of what it draws.
        whole: it draws photographs as they are taken, rather than somebody from head to foot on white.
        takes: the wishes that it can fulfil, names of `fice.order.WISHES`.
        steps: of each picture, at most.
        together: how many pictures are worth drawing at once; None where that is to be measured.
        diverged: the sentence where no picture of an order came to its end.
    """

    canvas: tuple[int, int]
    whole: bool
    takes: frozenset[str]
    steps: int
    together: int | None
    diverged: str

    def refusal(self, wishes: Sequence[str]) -> str:
        """The sentence that refuses wishes which it does not take, with the remedy."""
        ...

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Any]:
        """What is to be known of photos before an edit, together, without mixing them; latents: where to begin."""
        ...

    def ready(self, plan: Plan, analysis: Analysis) -> Plan:
        """The plan with the pose that its order asks for, and notices of what is not drawn; analysis: of its photo.

        Raises InputError for a pose that cannot be used.
        """
        ...

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Any]:
        """Pictures ready for their first step; together, without mixing them."""
        ...

    def step(self, runs: Sequence[Any]) -> list[Any]:
        """One step of each; returns those that ended. A neighbour changes nothing, and may come and go."""
        ...

    def finish(self, run: Any) -> Finished:
        """What came of a run that ended."""
        ...

    def again(self, run: Any) -> Any:
        """The same picture before its first step, for measurements."""
        ...
