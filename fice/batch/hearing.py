"""The sentences of a run, heard before the work begins: each is answered once, however many photos it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fice.batch.jobs import Job
from fice.bundle.bundle import Bundle
from fice.errors import InputError
from fice.language.answers import remarks, understand
from fice.settings import Settings


class Hearing:
    """Gives jobs whose sentence cannot be obeyed the reason as their error.

    warn is told every reason, and what is left out of sentences that can be obeyed: once, with the first sentence.
    """

    def __init__(self, bundle: Bundle, settings: Settings, warn: Callable[[str], None]):
        from fice.language.clip import text_reader  # torch, from here on

        self.bundle, self.settings, self.warn, self.reader = bundle, settings, warn, text_reader(bundle)
        self.reasons: dict[str, str | None] = {}
        self.said: set[str] = set()

    def __call__(self, job: Job) -> Job:
        if job.error:
            return job
        reasons = [self._reason_for(garment.text) for garment in job.order.garments]
        return replace(job, error=next(filter(None, reasons), None))

    def _reason_for(self, text: str) -> str | None:
        if text not in self.reasons:
            self.reasons[text] = self._heard(text)
        return self.reasons[text]

    def _heard(self, text: str) -> str | None:
        try:
            sentences = understand(text, self.bundle, self.settings)
        except InputError as error:
            self._say(text, str(error))
            return str(error)
        for remark in remarks(sentences, self.bundle, self.settings, self.reader):
            self._say(text, remark)
        return None

    def _say(self, text: str, remark: str) -> None:
        if remark not in self.said:
            self.said.add(remark)
            self.warn(f"{text[:60]!r}: {remark}")
