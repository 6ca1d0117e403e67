"""What answers at the page's address, and what does not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests
from conftest import ROOT

from fice.web.app import page_app


@pytest.fixture
def ask(address):
    session = requests.Session()
    session.trust_env = False
    yield lambda method, path, **more: session.request(method, address + path, timeout=20, **more)
    session.close()


def test_the_command_says_where_the_page_is_and_leaves_nothing_behind(tmp_path):
    command = [sys.executable, ROOT / "cli.py", "web", "--port", "0", "--device", "cpu", "--preset", "fast"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        session = requests.Session()
        session.trust_env = False
        assert "fice-photo" in session.get(f"{address}/", timeout=60).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file/etc/passwd"),
        ("GET", "/gradio_api/proxy=https://example.com/"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/monitoring"),
        ("POST", "/gradio_api/vibe-edit/"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/component_server"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/docs"),
    ],
)
def test_what_the_page_does_not_use_is_closed(ask, method, path):
    assert ask(method, path).status_code == 404


def test_a_foreign_page_may_not_ask(ask):
    for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ask("POST", "/gradio_api/run/predict", json={}, headers=headers).status_code in (403, 421)


def test_who_has_no_token_stays_outside(app, serving):
    with serving(app, token="a-token-of-many-letters") as address:
        session = requests.Session()
        session.trust_env = False
        assert session.get(f"{address}/", timeout=20).status_code == 401
        assert session.get(f"{address}/?token=a-token-of-other-letters", timeout=20).status_code == 401
        assert session.get(f"{address}/?token=a-token-of-many-letters", timeout=20).status_code == 200
        page = session.get(f"{address}/", timeout=20)
        assert page.status_code == 200 and "default-src 'self'" in page.headers["content-security-policy"]
        assert "token" not in page.text or "a-token-of-many-letters" not in page.text


def test_nothing_is_told_to_anybody(service, monkeypatch, serving):
    asked = []
    known = socket.getaddrinfo

    def told(host, *more, **others):
        asked.append(host)
        return known(host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", told)
    with serving(page_app(service)) as address:
        session = requests.Session()
        session.trust_env = False
        assert session.get(f"{address}/", timeout=20).status_code == 200
    assert set(asked) <= {"127.0.0.1", "localhost"}


STRANGE = [
    *(None, "red dress", {"garments": "x"}, {"garments": [1]}, {"garments": [{"text": ["red"]}]}, {"seed": "seven"}),
    *({"garments": [{"swatch": "/etc/passwd"}]}, {"garments": [{"text": "red dress"}], "latent": "/etc/passwd"}),
]


@pytest.fixture(scope="module")
def opened(service, photo):
    return {"id": service.open(photo.read_bytes()).id}


@pytest.mark.parametrize("order", STRANGE, ids=json.dumps)
def test_whatever_a_stranger_orders_is_answered_in_a_sentence(ask, opened, order):
    config = ask("GET", "/config").json()
    dress = next(each for each in config["dependencies"] if len(each["targets"]) == 2)
    asked = {"data": [opened, order, "fast", None, 1], "fn_index": dress["id"], "session_hash": "stranger"}
    answer = ask("POST", "/gradio_api/run/predict", json=asked)
    assert answer.status_code == 200 and '<p role="alert">' in answer.json()["data"][1]
    assert "root:" not in answer.text
