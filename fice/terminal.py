"""What the command line says to people: errors as sentences, and a progress bar. Nothing heavy is imported."""

from __future__ import annotations

import errno
import sys
import traceback
import warnings
from typing import Any

import click

from fice.errors import DeviceError, FiceError, is_full_disk, is_out_of_memory

INTERRUPTED = 5
PATIENCE = 2  # seconds that pass before a bar appears


class Verb(click.Command):
    """A command that knows --debug."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--debug"], is_flag=True, expose_value=False, callback=_debug, help="Show the traceback of an error."
            )
        )


class Verbs(click.Group):
    """A group of commands whose errors are one sentence on stderr and an exit code."""

    command_class = Verb
    group_class = type

    def invoke(self, context: click.Context) -> Any:
        warnings.showwarning = lambda message, *_, **__: warn(str(message))  # for people, not for programmers
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            _fail(context, "Interrupted; nothing is left half written.", INTERRUPTED)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of a pipe has gone; click ends quietly
            _fail(context, *explain(error))


def explain(error: Exception) -> tuple[str, int]:
    """An error as a sentence with its remedy, and its exit code."""
    if isinstance(error, FiceError):
        return str(error), error.exit_code
    ops = sys.modules.get("stylegan2_ops")
    if ops and isinstance(error, ops.OpsError):
        return str(error), DeviceError.exit_code
    if isinstance(error, OSError) and error.errno is not None:
        return _explain_system(error), 1
    if is_out_of_memory(error):
        remedy = "use fewer --candidates, a smaller batch or --device cpu"
        return f"The memory of the device is not enough: {remedy}.", DeviceError.exit_code
    said = (str(error).splitlines() or [""])[0]
    return f"fice has a bug ({type(error).__name__}: {said}): please report it with what --debug shows.", 1


def say(text: str) -> None:
    """A remark for a person who is watching: on stderr, and only on a terminal."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def warn(text: str) -> None:
    """A remark that matters: on stderr, always."""
    click.echo(text, err=True)


class Progress:
    """A callback of the inversion: a bar with loss and time left on stderr, if that is a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __call__(self, state: Any) -> None:
        from tqdm import tqdm

        if self._bar is None:  # disable=None: only on a terminal
            self._bar = tqdm(total=state.steps, desc="editing", unit="step", delay=PATIENCE, disable=None)
        self._bar.set_postfix_str(f"loss {sum(state.losses.values()):.3f}", refresh=False)
        self._bar.update(state.step - self._bar.n)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _explain_system(error: OSError) -> str:
    what = error.filename or "a file"
    if is_full_disk(error):
        return f"The disk is full, so {what} was not written; free some space and try again."
    return f"The system refuses {what} ({error.strerror}); check its path and rights."


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().meta["fice.debug"] = True


def _fail(context: click.Context, sentence: str, code: int) -> None:
    if context.find_root().meta.get("fice.debug"):
        traceback.print_exc()
    click.echo(f"Error: {sentence}", err=True)
    context.exit(code)
