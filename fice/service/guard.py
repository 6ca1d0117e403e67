"""Who may come in: an ASGI app before another one, which lets in neither foreign pages nor strangers, nor too much."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TOKEN_BYTES = 24
TOKEN = "token"  # in an address
HEARD, HEARING = 1 << 20, 1.0  # bytes and seconds of a request that is refused
NOTHING = "default-src 'none'; frame-ancestors 'none'"  # what a browser may load for an answer that is no page
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a host of that name."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Passes on to `app` what may come in.

    Args:
        port: where it listens; where only this machine reaches that, requests name this machine and no other host, so
            that no page can be told that this is where it came from (DNS rebinding).
        local: only this machine reaches it.
        token: what a request must know: in a header (Authorization: Bearer), or once in an address, which leaves a
            cookie; None lets in all that are on this machine.
        most: bytes of a request's body.
        policy: what a browser may load for an answer (Content-Security-Policy).
    """

    def __init__(self, app: App, port: int, local: bool, token: str | None, most: int, policy: str = NOTHING):
        self.app, self.token, self.most = app, token, most
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")} if local else None
        self.cookie = f"fice_{port}"  # cookies are the same for all ports of a host
        self.headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        self.headers.append((b"content-security-policy", policy.encode()))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        refusal = self._foreign(scope, headers) or self._too_large(headers)
        if refusal is None and scope["method"] == "GET" and self._is_token(query.get(TOKEN)):
            await self._welcome(scope["path"], query, send)
            return
        refusal = refusal or self._stranger(headers)
        if refusal is None:
            await self.app(scope, *_limited(receive, send, self.most, self.headers))
        else:
            await _hear_out(receive)
            await _answer(send, *refusal, self.headers)

    def _foreign(self, scope: Message, headers: dict[str, str]) -> tuple[int, str] | None:
        """Why a request that another page may have sent is refused."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.hosts is not None and host.lower() not in self.hosts:
            return 421, "This address is for this machine only: call it 127.0.0.1 or localhost."
        visited = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site") and not visited
        if foreign or origin is not None and origin.lower().partition("://")[2] != host.lower():
            return 403, "Another page may not ask for this: open the address of fice itself."
        return None

    def _too_large(self, headers: dict[str, str]) -> tuple[int, str] | None:
        length = headers.get("content-length", "0")
        return _too_much(self.most) if length.isdecimal() and int(length) > self.most else None

    def _stranger(self, headers: dict[str, str]) -> tuple[int, str] | None:
        """Why a request that does not know the token is refused."""
        if self.token is None:
            return None
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            cookie = None
        if kind.lower() == "bearer" and self._is_token(bearer) or cookie is not None and self._is_token(cookie.value):
            return None
        return 401, "The token is missing or wrong: open the address that fice has printed, with its token."

    def _is_token(self, said: str | None) -> bool:
        """Whether it is the token; how long that takes tells nothing of it."""
        return bool(said and self.token) and secrets.compare_digest(str(said).encode(), str(self.token).encode())

    async def _welcome(self, path: str, query: dict[str, str], send: Send) -> None:
        """Leaves the cookie, and goes to the address without the token.

        A redirect would not do: browsers that come from another page would not send a strict cookie along with it.
        """
        others = urlencode({name: value for name, value in query.items() if name != TOKEN})
        there = path.encode("ascii", "ignore").decode().replace(";", "%3B") + (f"?{others}" if others else "")
        there = "/" + there.lstrip("/\\")
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        more = [(b"set-cookie", cookie.encode()), (b"refresh", f"0; url={there}".encode())]
        await _answer(send, 200, "", [*self.headers, *more])


def _too_much(most: int) -> tuple[int, str]:
    return 413, f"More than {most >> 20} MiB were sent; make the picture smaller first."


def _limited(receive: Receive, send: Send, most: int, headers: list[tuple[bytes, bytes]]) -> tuple[Receive, Send]:
    """A request that ends once it has been too long, and answers that bear headers where they have none of the name."""
    seen, refused = 0, False

    async def less() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > most else message

    async def more(message: Message) -> None:
        nonlocal refused
        if message["type"] == "http.response.start":
            if seen > most:
                refused = True
                await _answer(send, *_too_much(most), headers)
            own = {name.lower() for name, _ in message.get("headers", ())}
            added = [(name, value) for name, value in headers if name not in own]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        if not refused:
            await send(message)

    return less, more


async def _hear_out(receive: Receive) -> None:
    """Takes the rest of a request, if it is short and comes soon: a client who still sends would hear no refusal."""

    async def rest() -> None:
        seen, more = 0, True
        while more and seen < HEARD:
            message = await receive()
            seen, more = seen + len(message.get("body", b"")), message.get("more_body", False)

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rest(), HEARING)


async def _answer(send: Send, status: int, sentence: str, headers: list[tuple[bytes, bytes]]) -> None:
    """A refusal in one sentence, as json, after which what else is sent is not read; or an empty page."""
    body = json.dumps({"error": sentence}).encode() if sentence else b""
    own = [(b"content-type", b"application/json" if body else b"text/html"), (b"connection", b"close")]
    own.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
