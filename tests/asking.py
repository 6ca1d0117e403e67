"""What tests ask for, in few words."""

from __future__ import annotations

from pathlib import Path

from fice.batch.batch import Batch
from fice.batch.jobs import Job
from fice.order import WISHES, Order
from fice.settings import Settings


def job(key, photo, text, wishes=None, error=None):
    """One photo with one text."""
    return Job(key, Path(photo), Order.of(text, **(wishes or {})), error)


def batch(source, texts=(), output="out", *, preset="default", assignments=(), steps=None, **options):
    """A batch; options are its fields, and wishes of its order."""
    wishes = {name: options.pop(name) for name in WISHES if name in options}
    settings = Settings.asked_for(preset, assignments, steps=steps)
    for name in ("texts", "keep"):
        if name in options:
            options[name] = tuple(options[name])
    return Batch(source, output, Order().with_wishes(wishes), tuple(texts), settings=settings, **options)
