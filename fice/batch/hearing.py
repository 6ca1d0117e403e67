"""The sentences of a run, heard before the work begins: each is answered once, however many photos it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fice.batch.jobs import Job
from fice.bundle.bundle import Bundle
from fice.errors import InputError
from fice.language.answers import remarks, understood
from fice.order import Order
from fice.settings import Settings


class Hearing:
    """Gives jobs whose sentence cannot be obeyed the reason as their error.

    warn is told every reason, and what is left out of sentences that can be obeyed: once, with the first sentence.
    """

    def __init__(self, bundle: Bundle, settings: Settings, warn: Callable[[str], None]):
        from fice.language.clip import text_reader  # torch, from here on

        self.bundle, self.settings, self.warn, self.reader = bundle, settings, warn, text_reader(bundle)
        self.reasons: dict[tuple, str | None] = {}
        self.said: set[str] = set()

    def __call__(self, job: Job) -> Job:
        if job.error:
            return job
        order = job.order
        said = (
            *((one.text, one.region, bool(one.swatch), len(one.pictures)) for one in order.dressing),
            (order.collection, order.top),
        )
        if said not in self.reasons:
            self.reasons[said] = self._heard(job.order)
        return replace(job, error=self.reasons[said])

    def _heard(self, order: Order) -> str | None:
        from fice.collections.dress import check_collection  # torch, from here on

        try:
            wanted = understood(order, self.bundle, self.settings)
            check_collection(order, wanted, self.bundle)
        except InputError as error:
            self._say(order.sentence, str(error))
            return str(error)
        for remark in remarks(wanted, self.bundle, self.settings, self.reader):
            self._say(order.sentence, remark)
        return None

    def _say(self, text: str, remark: str) -> None:
        if remark not in self.said:
            self.said.add(remark)
            self.warn(f"{text[:60]!r}: {remark}")
