"""Ray for the length of a run: joined where it is, else started here and stopped again."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fice.errors import DeviceError
from fice.extras import install

STORE = 100 << 20  # bytes of Ray's store for objects; only lines of the journal travel


@contextmanager
def connected(address: str | None, tell: Callable[[str], None]) -> Iterator[Any]:
    """Ray, joined or started, silent; left or stopped afterwards. One that this process has joined before is used."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is sent anywhere
    try:
        import ray
        import ray._private.worker as driver
    except ImportError:
        raise DeviceError(f"Ray is not installed: {install('cluster')}, or leave out --on ray.") from None
    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get("RAY_ADDRESS")
    printing = driver.print_to_stdstream
    driver.print_to_stdstream = lambda *_, **__: None  # prints on stdout that a worker died; no option stops it
    short = "/tmp" if len(tempfile.gettempdir()) > 30 else None  # names of sockets cannot be long
    with tempfile.TemporaryDirectory(prefix="fice-ray-", dir=short, ignore_cleanup_errors=True) as folder:
        try:
            tell(f"Joining Ray at {address}." if address else "Starting Ray on this machine.")
            _init(ray, address, folder)
            yield ray
        finally:
            ray.shutdown()
            driver.print_to_stdstream = printing


def _init(ray: Any, address: str | None, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    own = {"include_dashboard": False, "object_store_memory": STORE, "_temp_dir": folder}
    try:
        if address:
            knock(address)
            ray.init(address=address, **quiet)
        else:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray leaves one in the home folder
            ray.init(address="local", **own, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())
        what, remedy = f"joined at {address}", "start it there, and set RAY_AUTH_MODE=token if it asks for a token"
        if not address:
            what, remedy = "started on this machine", "leave out --on ray"
        raise DeviceError(f"Ray cannot be {what} ({said}): {remedy}.") from error


def knock(address: str) -> None:
    """OSError or ValueError unless somebody listens there; Ray itself would wait for minutes, then end the process."""
    if "://" in address:
        raise ValueError("fice must run on a machine of the cluster, and its address is HOST:PORT")
    host, _, port = address.rpartition(":")
    if host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
