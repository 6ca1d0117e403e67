"""Edit the clothes in a photograph from a sentence.

    from fice import Editor
    editor = Editor()
    subject = editor.prepare("photo.jpg")
    editor.edit(subject, "red floral dress").save("edited.jpg")

Importing this package is cheap: PyTorch is loaded when one of the names below is first used. The threads of a PyTorch
that is loaded later sleep while they wait (OMP_WAIT_POLICY=PASSIVE, where the environment says nothing else).
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fice.errors import DeviceError, FiceError, InputError, UsageError, WeightsError
from fice.version import __version__ as __version__

if TYPE_CHECKING:
    from fice.batch.batch import Batch
    from fice.batch.run import edit_folder
    from fice.bundle.bundle import Bundle, list_bundles, load_bundle
    from fice.edit import Edit
    from fice.editor import Editor
    from fice.evaluation.ablation import ablate
    from fice.evaluation.run import Judging, evaluate
    from fice.once import edit_photo
    from fice.order import Garment, Order
    from fice.settings import Settings
    from fice.subject.subject import Subject

_HOMES = {
    "Editor": "fice.editor",
    "Order": "fice.order",
    "Garment": "fice.order",
    "Subject": "fice.subject.subject",
    "Edit": "fice.edit",
    "Settings": "fice.settings",
    "edit_photo": "fice.once",
    "edit_folder": "fice.batch.run",
    "Batch": "fice.batch.batch",
    "ablate": "fice.evaluation.ablation",
    "evaluate": "fice.evaluation.run",
    "Judging": "fice.evaluation.run",
    "Bundle": "fice.bundle.bundle",
    "list_bundles": "fice.bundle.bundle",
    "load_bundle": "fice.bundle.bundle",
}

__all__ = [
    "Batch",
    "Bundle",
    "DeviceError",
    "Edit",
    "Editor",
    "FiceError",
    "Garment",
    "InputError",
    "Judging",
    "Order",
    "Settings",
    "Subject",
    "UsageError",
    "WeightsError",
    "ablate",
    "edit_folder",
    "edit_photo",
    "evaluate",
    "list_bundles",
    "load_bundle",
]


def _let_threads_sleep() -> None:
    """Threads that spin while they wait make an edit beside other work take many times as long."""
    torch = sys.modules.get("torch")
    if torch is None:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when PyTorch is loaded
    elif "OMP_WAIT_POLICY" not in os.environ and torch.get_num_threads() > 1:
        warnings.warn(
            "PyTorch was imported before fice, so its threads spin while they wait and an edit beside other work takes"
            " many times as long: import fice first, or set OMP_WAIT_POLICY=PASSIVE before Python starts.",
            stacklevel=3,
        )


_let_threads_sleep()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fice' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
