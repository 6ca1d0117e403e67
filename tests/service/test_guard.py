"""Who is let in, and how much of what they send."""

from __future__ import annotations

import asyncio
import json

import pytest

from fice.service.guard import HEADERS, Guard, is_loopback, new_token

MOST = 1000
HERE = {"host": "127.0.0.1:8000"}
KEY = "k" * 20


async def echo(scope, receive, send):
    """Answers with the number of bytes that came, once all have."""
    came = 0
    while (message := await receive())["type"] == "http.request":
        came += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=1")]})
    await send({"type": "http.response.body", "body": str(came).encode()})


def ask(guard, headers=HERE, method="GET", address="/", body=(b"",)):
    """The status, headers and body of an answer; body: the parts that come."""
    path, _, query = address.partition("?")
    coded = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": coded}
    parts, sent = list(body), []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    start, *rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, b"".join(part["body"] for part in rest)


@pytest.fixture
def open_door():
    return Guard(echo, 8000, True, None, MOST)


@pytest.fixture
def locked():
    return Guard(echo, 8000, False, KEY, MOST)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
def test_this_machine_may_be_called_by_its_names(open_door, host):
    assert ask(open_door, {"host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8000.evil.example", ""])
def test_another_host_is_no_name_of_this_machine(open_door, host):
    status, _, body = ask(open_door, {"host": host})
    assert status == 421 and "localhost" in json.loads(body)["error"]


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:3000", "http://127.0.0.1:8000.evil.example", "file://", ""],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_foreign_origins_are_refused(open_door, method, origin):
    assert ask(open_door, HERE | {"origin": origin}, method)[0] == 403


def test_the_pages_own_origin_comes_in(open_door, locked):
    assert ask(open_door, HERE | {"origin": "http://127.0.0.1:8000"}, "POST")[0] == 200
    known = {"host": "desk.example", "origin": "https://desk.example", "authorization": f"Bearer {KEY}"}
    assert ask(locked, known, "POST")[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_here_and_no_more(open_door, site):
    asked = HERE | {"sec-fetch-site": site}
    assert ask(open_door, asked | {"sec-fetch-mode": "navigate"})[0] == 200
    assert ask(open_door, asked | {"sec-fetch-mode": "no-cors"})[0] == 403
    assert ask(open_door, asked | {"sec-fetch-mode": "navigate"}, "POST")[0] == 403
    assert ask(open_door, HERE | {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, "POST")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {KEY}x"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": "Bearer ключ"},
        {"cookie": f"fice_8001={KEY}"},
        {"cookie": "fice_8000="},
        {"cookie": "=;=;\\,"},
    ],
)
def test_strangers_are_refused(locked, headers):
    status, _, body = ask(locked, {"host": "desk.example"} | headers)
    assert status == 401 and KEY not in body.decode()


@pytest.mark.parametrize("address", ["/?token=wrong", "/?token=", "/?token", "/?tokens=" + KEY])
def test_a_wrong_token_in_the_address_opens_nothing(locked, address):
    status, told, _ = ask(locked, {"host": "desk.example"}, address=address)
    assert status == 401 and "set-cookie" not in told


def test_a_token_in_the_address_becomes_a_cookie_that_no_script_and_no_other_page_has(locked):
    status, told, body = ask(locked, {"host": "desk.example"}, address=f"/photos?token={KEY}&a=1%262")
    assert (status, body, told["refresh"]) == (200, b"", "0; url=/photos?a=1%262")
    cookie, *limits = told["set-cookie"].split("; ")
    assert cookie == f"fice_8000={KEY}" and set(limits) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert ask(locked, {"host": "desk.example", "cookie": f"a=b; {cookie}"})[0] == 200
    assert ask(locked, {"host": "desk.example", "authorization": f"bearer {KEY}"})[0] == 200
    assert ask(locked, {"host": "desk.example"}, "POST", f"/?token={KEY}")[0] == 401


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "\\\\evil.example", "/a;url=//evil.example"])
def test_nobody_is_led_elsewhere(locked, path):
    told = ask(locked, {"host": "desk.example"}, address=f"{path}?token={KEY}")[1]
    where = told["refresh"].removeprefix("0; url=")
    assert where[0] == "/" and where[1] not in "/\\" and ";" not in where


@pytest.mark.parametrize("told", [True, False])
def test_more_than_is_allowed_is_never_read(open_door, told):
    headers = HERE | ({"content-length": str(MOST + 1)} if told else {})
    parts = [b"x" * 100] * 50
    status, answered, body = ask(open_door, headers, "POST", body=parts)
    assert status == 413 and "MiB" in json.loads(body)["error"] and set(HEADERS) <= set(answered)
    assert ask(open_door, HERE, "POST", body=[b"x" * 500] * 2)[2] == b"1000"


def test_every_answer_says_what_a_browser_may_do_with_it(open_door):
    told = ask(open_door)[1]
    assert HEADERS | {"cache-control": "max-age=1"} == {name: told[name] for name in HEADERS}  # the app's own stays
    assert "default-src 'none'" in told["content-security-policy"]
    refused = ask(open_door, {"host": "evil.example"})[1]
    assert {name: refused[name] for name in HEADERS} == HEADERS


def test_hosts_that_only_this_machine_reaches():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "desk.example", "localhost.evil.example", "")))
    assert new_token() != new_token() and len(new_token()) >= 32
