"""What the command line says to people: help in groups, errors as sentences, remarks. Nothing heavy is imported."""

from __future__ import annotations

import errno
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import click

from fice.errors import explain

INTERRUPTED = 5

# how --help arranges what `edit`, `batch` and `ablate` take
GROUPS = {
    "What to change": (
        "texts",
        "prompts",
        "order_file",
        "region",
        "region_from",
        "mask",
        "pictures",
        "collection",
        "top",
        "swatch",
        "swatch_width",
        "background",
        "style",
    ),
    "Which photos": ("limit", "shuffle_seed", "follow"),
    "How to edit": ("preset", "strength", "candidates", "seed", "steps", "latent", "pose", "plugins", "assignments"),
    "What to compare": ("variants", "grid", "seeds", "real", "judge", "features", "resamples"),
    "What to write": (
        *("output", "suffix", "ext", "mask_file", "latent_file", "keep", "compare_file", "trace_file", "force"),
    ),
    "Where to compute": ("bundle", "device", "batch_size", "on", "address", "workers"),
}


class Verb(click.Command):
    """A command that knows --debug, shows its options in groups and asks for quotes around a sentence."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_remember("fice.debug"),
                help="Show the traceback of an error.",
            )
        )

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The options by `GROUPS`, the others at the end."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for param in filter(lambda param: isinstance(param, click.Option), self.get_params(context)):
            heading = next((heading for heading, names in GROUPS.items() if param.name in names), "Options")
            if record := param.get_help_record(context):
                rows.setdefault(heading, []).append(record)
        for heading in filter(rows.get, (*GROUPS, "Options")):
            with formatter.section(heading):
                formatter.write_dl(rows[heading])

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(context, args)
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message or all(each.name != "text" for each in self.params):
                raise
            remedy = 'Put the sentence in quotes, as in "red floral dress".'
            raise click.UsageError(f"{error.message}. {remedy}", context) from None


class Verbs(click.Group):
    """A group of commands whose errors are one sentence on stderr and an exit code."""

    command_class = Verb
    group_class = type

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order in which they are written down, which is that of use."""
        return list(self.commands)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the whole first paragraph of its help."""
        with formatter.section("Commands"):
            helps = ((name, command.help or "") for name, command in self.commands.items())
            formatter.write_dl([(name, " ".join(text.split("\n\n")[0].split())) for name, text in helps])

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


def quiet_option(command: Callable) -> Callable:
    """Adds -q, which `quiet` knows of."""
    return click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_remember("fice.quiet"),
        help="Say nothing on stderr but errors.",
    )(command)


def quiet() -> bool:
    """Whether the command that runs was asked to say nothing but errors."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.find_root().meta.get("fice.quiet"))


def say(text: str) -> None:
    """A remark for a person who is watching: on stderr, and only on a terminal."""
    if sys.stderr.isatty():
        warn(text)


def warn(text: str) -> None:
    """A remark that matters: on stderr, unless all remarks are unwanted."""
    if not quiet():
        click.echo(text, err=True)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    """A callback that makes an option known to the whole run."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.find_root().meta[name] = True

    return remember


def _fail(context: click.Context, sentence: str, code: int) -> None:
    if context.find_root().meta.get("fice.debug"):
        traceback.print_exc()
    click.echo(f"Error: {sentence}", err=True)
    context.exit(code)
