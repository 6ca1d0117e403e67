"""The page on which a designer works: `fice web`."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import Any

import click

from fice.cli.options import bundle_option, device_option, preset_option, said
from fice.cli.serve import address_options
from fice.cli.terminal import Verb, quiet_option, say
from fice.extras import need


@click.command(cls=Verb)
@address_options(7860)
@preset_option
@bundle_option
@device_option
@quiet_option
def web(host: str, port: int, token: str | None, **options: Any) -> None:
    """Open a page on which clothes are edited by hand, until Ctrl-C.

    Drop a photo, click a garment, say or show what it should be, compare, download at the photo's own size. Only this
    machine reaches the page unless --host says otherwise; then its address has a token.

    \b
    Examples:
      fice web
      fice web --preset fast
      fice web --host 0.0.0.0 --port 8080
    """
    need("web", "gradio", "fastapi", "uvicorn", "python_multipart")
    from fice.service.service import Service
    from fice.service.serving import bind, check_token, serve

    check_token(token)
    with bind(host, port) as listening, Service(**said(options)) as service, TemporaryDirectory() as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder  # where gradio makes folders as soon as it is imported
        from fice.web.app import POLICY, page_app

        say(f"Computing on {service.device}.")

        def ready(address: str, secret: str | None) -> None:
            click.echo(f"{address}/?token={secret}" if secret else address)

        serve(page_app(service), listening, token, service.limits.bytes, ready, POLICY)
