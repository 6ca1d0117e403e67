"""One file over https into a partial file: resumed, retried, and never more of it than was promised."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions as broken

from fice.errors import WeightsError
from fice.files import bar
from fice.models.sources import CEILING, File, megabytes
from fice.version import __version__

PAUSES = (1, 2, 4, 8, 16)  # seconds before each further attempt; bytes gained begin the row again
LONGEST_PAUSE = 120  # what a server may ask for with Retry-After
TIMEOUT = (15, 60)  # seconds to connect, and between two bytes
BLOCK = 1 << 16
PASSING = {408, 425, 429, 500, 502, 503, 504}
LOCAL = {"localhost", "127.0.0.1", "::1"}
GONE = {401, 403, 404, 410}  # what servers answer where a repository was deleted, or is not for everybody
pause = time.sleep


class Gone(WeightsError):
    """There is no such file at an address; another one may have it."""


class _Again(Exception):
    """An attempt failed for a reason that may pass, perhaps after a pause that the server named."""

    def __init__(self, problem: str, seconds: float | None = None):
        super().__init__(problem)
        self.seconds = seconds


class _Session(requests.Session):
    """Follows redirects to any host, but over https; plain http stays on this machine."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target:
            check_address(urljoin(resp.url, target), resp.url)
        return target


@dataclass
class Download:
    """A downloader for pooch. What arrived is kept in `part` until it is whole, also after an error or a kill.

    Attributes:
        file: what is to come.
        part: the partial file; another one beside it keeps the server's mark of the version.
        remedy: ends each error: what a person can do instead.
        tell: is given a line at each break.
        progress: whether a terminal sees a bar.
        last: there is no other address, so that one which is not found is asked for again.
    """

    file: File
    part: Path
    remedy: str
    tell: Callable[[str], None]
    progress: bool = True
    last: bool = True

    def __call__(self, url: str, output_file: str, _pooch: Any) -> None:
        """Fetch `url` and rename it to `output_file`. Raises WeightsError."""
        failures, best = 0, self._have()
        with _Session() as session:
            session.headers.update({"User-Agent": f"fice/{__version__}", "Accept-Encoding": "identity"})
            while True:
                try:
                    self._attempt(session, url)
                    break
                except _Again as again:
                    have = self._have()
                    if have > best:
                        failures, best = 0, have
                    if failures == len(PAUSES):
                        kept = f" (it goes on from the {megabytes(have)} that came)" if have else ""
                        raise WeightsError(
                            f"{again}, {failures + 1} times in a row: try again later{kept}, or {self.remedy}."
                        ) from again
                    wait = PAUSES[failures] if again.seconds is None else min(again.seconds, LONGEST_PAUSE)
                    failures += 1
                    self.tell(f"{again}; trying again in {wait:.0f} s.")
                    pause(wait)
        os.replace(self.part, output_file)
        self._mark.unlink(missing_ok=True)

    def _attempt(self, session: requests.Session, url: str) -> None:
        have, host = self._have(), urlsplit(url).netloc
        if have and have == self.file.size:
            return  # the last run ended after the last byte
        headers = {"Range": f"bytes={have}-"} if have else {}
        if have and self._mark.is_file():
            headers["If-Range"] = self._mark.read_text(encoding="utf-8")
        try:
            check_address(url, url)
            with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                self._take(answer, have)
        except (broken.ConnectionError, broken.Timeout, broken.ChunkedEncodingError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise self._error(f"{host} does not prove who it is (check this machine's clock and proxy)") from error
            if not self.last and "NameResolutionError" in repr(error):
                raise self._error(f"There is no server {host}", Gone) from error
            raise _Again(f"The connection to {host} broke off") from error
        except (broken.RequestException, ValueError) as error:  # ValueError: addresses that are none
            raise self._error(f"{url} cannot be fetched ({error})") from error

    def _take(self, answer: requests.Response, have: int) -> None:
        """Write an answer's body behind the `have` bytes that are there, or begin again where it does not fit."""
        host = urlsplit(answer.url).netloc
        start, total = _span(answer)
        if answer.status_code == 416:
            if have and total == have:
                return
            self._forget()
            raise _Again(f"{host} could not go on where the download broke off")
        if answer.status_code in PASSING:
            raise _Again(f"{host} answers {answer.status_code} ({answer.reason})", _retry_after(answer))
        if answer.status_code not in (200, 206):
            kind = Gone if answer.status_code in GONE else WeightsError
            raise self._error(f"{host} answers {answer.status_code} ({answer.reason}) for {self.file.name}", kind)
        if answer.status_code == 206 and start != have:
            self._forget()
            raise _Again(f"{host} went on at the wrong place")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise self._error(f"{host} sends {self.file.name} in a form that nobody asked for")
        if "html" in answer.headers.get("Content-Type", "").lower():
            raise self._refuse(f"{host} sends a web page instead of {self.file.name}")
        have = start
        self._check_size(host, total, have)
        expected = self.file.size or total
        with (
            open(self.part, "ab" if have else "wb") as out,
            bar(expected, self.file.name, done=have, shown=self.progress) as seen,
        ):
            if not have:
                self._remember(answer)
            for block in answer.iter_content(BLOCK):
                if not have and re.match(rb"\s*<(!doctype|html|\?xml)", block, re.IGNORECASE):
                    raise self._refuse(f"{host} sends a web page instead of {self.file.name}")
                have += len(block)
                if have > (expected or CEILING):
                    raise self._refuse(f"{host} sends more than the {megabytes(expected or CEILING)} that may come")
                out.write(block)
                seen(len(block))
            out.flush()
            os.fsync(out.fileno())
        if have < (expected or 0):
            raise _Again(f"{host} sent {have} of {expected} bytes")

    def _check_size(self, host: str, total: int | None, have: int) -> None:
        """Before anything is written: is the announced size right, and is there room for it?"""
        if total is not None and total != (self.file.size or total):
            raise self._refuse(f"{host} announces {total} bytes for {self.file.name} instead of {self.file.size}")
        if (total or 0) > CEILING:
            raise self._refuse(f"{host} announces {megabytes(total or 0)} for {self.file.name}, more than any weights")
        need, free = (total or self.file.size or 0) - have, shutil.disk_usage(self.part.parent).free
        if need > free:
            raise WeightsError(
                f"{self.file.name} needs {megabytes(need)} and {self.part.parent} has {megabytes(free)} left: free some"
                " space, or set FICE_HOME to a folder on a larger disk."
            )

    @property
    def _mark(self) -> Path:
        return self.part.with_name(self.part.name + ".tag")

    def _have(self) -> int:
        """Bytes that can be gone on from: without a sha256 or a mark, two versions could end up in one file."""
        safe = self.part.is_file() and (self.file.sha256 or self._mark.is_file())
        return self.part.stat().st_size if safe else 0

    def _remember(self, answer: requests.Response) -> None:
        tag = answer.headers.get("ETag", "")
        mark = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
        if mark:
            self._mark.write_text(mark, encoding="utf-8")
        else:
            self._mark.unlink(missing_ok=True)

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _refuse(self, problem: str) -> WeightsError:
        """An error about what came, of which nothing is kept."""
        self._forget()
        return self._error(problem)

    def _error(self, problem: str, kind: type[WeightsError] = WeightsError) -> WeightsError:
        return kind(f"{problem}: {self.remedy}.")


def check_address(url: str, origin: str) -> None:
    """Raises InvalidSchema unless `url` is https, or http on this machine asked for by this machine."""
    at, come_from = urlsplit(url), urlsplit(origin)
    local = at.hostname in LOCAL and come_from.hostname in LOCAL
    if at.scheme != "https" and not (at.scheme == "http" and local):
        raise broken.InvalidSchema(f"{at.scheme}://{at.netloc} is not https")


def _span(answer: requests.Response) -> tuple[int, int | None]:
    """Where a body begins in the whole file, and how long the file is; None where the server does not say."""
    partial = re.fullmatch(
        r"bytes (?:([0-9]{1,18})-[0-9]+|\*)/([0-9]{1,18}|\*)", answer.headers.get("Content-Range", "").strip()
    )
    if answer.status_code in (206, 416):
        start, total = partial.groups() if partial else (None, None)
        return int(start) if start else -1, int(total) if total and total != "*" else None
    length = re.fullmatch(r"[0-9]{1,18}", answer.headers.get("Content-Length", "").strip())
    return 0, int(length[0]) if length else None


def _retry_after(answer: requests.Response) -> float | None:
    """The pause that a server asks for, in seconds."""
    text = answer.headers.get("Retry-After", "").strip()
    try:
        if re.fullmatch(r"[0-9]{1,18}", text):
            return float(text)
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None
