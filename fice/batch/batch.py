"""All that a run over many photos is told, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fice.bundle.bundle import Bundle
from fice.order import Order
from fice.settings import Settings


@dataclass(frozen=True)
class Batch:
    """Many photos to edit.

    Attributes:
        source: a folder (with all below it), a pattern, a photo, or a list of photos (.txt, .csv, .tsv, .jsonl); None
            when prompts is a table that names photos itself.
        output: the folder of the results, of the journal and of the page.
        order: what every job asks that does not say otherwise; its own text is the first of `texts`.
        texts: one job a photo for each.
        prompts: a file of texts, one a line, or a table of orders.
        suffix, ext: of the results' names; "auto" keeps the photo's format.
        limit, shuffle_seed: no more photos than that, in a random order.
        force: make again what is there and unchanged.
        follow: go on with photos that arrive, until interrupted.
        keep: written beside each result, "mask", "latent" or "compare".
        batch_size: how many pictures are edited together; None finds out.
        on: "local" or "ray"; address and workers as of `fice.batch.cluster.on_ray`.
        settings, bundle, device: as of `fice.Editor`.

    >>> from fice import Batch, Order, Settings
    >>> order, settings = Order.of("red dress", seed=3), Settings.preset("fast")
    >>> batch = Batch("photos", "out", order, texts=("blue coat",), settings=settings)
    >>> batch.sentences()
    ['red dress', 'blue coat']
    """

    source: str | Path | None
    output: str | Path
    order: Order = Order()
    texts: tuple[str, ...] = ()
    prompts: str | Path | None = None
    suffix: str | None = None
    ext: str = "auto"
    limit: int | None = None
    shuffle_seed: int | None = None
    force: bool = False
    follow: bool = False
    keep: tuple[str, ...] = ()
    batch_size: int | None = None
    on: str = "local"
    address: str | None = None
    workers: int | None = None
    settings: Settings = field(default_factory=Settings)
    bundle: str | Path | Bundle = "street"
    device: str = "auto"

    @property
    def out(self) -> Path:
        return Path(self.output)

    def sentences(self) -> list[str]:
        """The texts that every photo gets which has none of its own."""
        own = [garment.text for garment in self.order.garments if garment.text]
        return [*(own if len(self.order.garments) == 1 else []), *self.texts]
