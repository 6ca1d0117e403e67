"""The extras of setup.cfg, for messages: fice lies in no package index, so its own source is what is installed."""

from __future__ import annotations


def install(extra: str = "", *options: str) -> str:
    """The command that installs fice, with an extra such as "evaluate", and where to run it."""
    what = f"'.[{extra}]'" if extra else "."
    return f"`{' '.join(['pip install', *options, what])}` in the folder of fice's source"
