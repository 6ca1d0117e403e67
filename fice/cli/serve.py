"""The service at an address: `fice serve`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fice.cli.options import bundle_option, device_option, preset_option, said, with_options
from fice.cli.terminal import Verb, quiet_option, say, warn
from fice.extras import need


def address_options(port: int) -> Callable[[Callable], Callable]:
    """Where to listen, by default at a port of this machine alone, and who may come in."""
    return with_options(
        click.option(
            "--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0: to all machines."
        ),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=port, show_default=True, help="0: any that is free."
        ),
        click.option(
            "--token",
            envvar="FICE_TOKEN",
            help="What clients must know, or $FICE_TOKEN.  [default: a new one, where other machines reach it]",
        ),
    )


@click.command(cls=Verb)
@address_options(8000)
@preset_option
@bundle_option
@device_option
@quiet_option
def serve(host: str, port: int, token: str | None, **options: Any) -> None:
    """Answer orders for photos over HTTP, until Ctrl-C.

    POST /edits takes a photo and a text or an order, and answers with the picture; /photos and /jobs do it step by
    step, with a queue. /openapi.json describes it all.

    \b
    Examples:
      fice serve
      fice serve --port 9000 --preset fast
      fice serve --host 0.0.0.0 --device cuda
    """
    need("web", "fastapi", "uvicorn", "python_multipart")
    from fice.service.http import as_app
    from fice.service.service import Service
    from fice.service.serving import bind, check_token
    from fice.service.serving import serve as listen

    check_token(token)
    with bind(host, port) as listening, Service(**said(options)) as service:
        say(f"Computing on {service.device}.")

        def ready(address: str, secret: str | None) -> None:
            click.echo(address)
            if secret and secret != token:
                warn(f"Clients send the header Authorization: Bearer {secret}")

        listen(as_app(service), listening, token, service.limits.bytes, ready)
