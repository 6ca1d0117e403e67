"""An app at an address, guarded, until somebody ends it."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable

import uvicorn

from fice.errors import UsageError
from fice.service.guard import NOTHING, App, Guard, is_loopback, new_token

LEAST_TOKEN = 16  # letters
PATIENCE = 3  # seconds that answers on their way have when it ends
CONNECTIONS = 200  # at once
ANY = ("0.0.0.0", "::")  # hosts that stand for all addresses of this machine


def check_token(token: str | None) -> None:
    """Raises UsageError for a token that could be guessed, or that cannot stand in an address."""
    if token is not None and (len(token) < LEAST_TOKEN or not token.replace("-", "").replace("_", "").isalnum()):
        raise UsageError(f"The token needs at least {LEAST_TOKEN} letters and digits; leave it out for a new one.")


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises UsageError where that cannot be."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise UsageError(f"Port {port} is in use by another program; choose another --port.") from None
        raise UsageError(f"{host}:{port} is no address of this machine ({error}); choose another --host.") from error


def serve(
    app: App,
    listening: socket.socket,
    token: str | None,
    most: int,
    ready: Callable[[str, str | None], object],
    policy: str = NOTHING,
) -> None:
    """Serves an app until it is interrupted or told to end.

    Args:
        listening: of `bind`.
        token: what visitors must know; None makes one where others than this machine reach the address.
        most, policy: as of `Guard`.
        ready: told the address, without the token, and the token.
    """
    check_token(token)
    host, port = listening.getsockname()[:2]
    local = is_loopback(host)
    token = token or (None if local else new_token())
    guarded = Guard(app, port, local, token, most, policy)
    config = uvicorn.Config(
        guarded,
        http="h11",  # which bounds what a header may be
        ws="none",
        access_log=False,  # addresses may bear the token
        log_level="warning",
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=PATIENCE,
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, with all that is tidied
    try:
        named = socket.gethostname() if host in ANY else f"[{host}]" if ":" in host else host
        ready(f"http://{named}:{port}", token)
        uvicorn.Server(config).run([listening])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()
