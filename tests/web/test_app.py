"""What answers at the page's address, and what does not."""

from __future__ import annotations

import pytest
import requests


@pytest.fixture
def ask(address):
    session = requests.Session()
    session.trust_env = False
    yield lambda method, path, **more: session.request(method, address + path, timeout=20, **more)
    session.close()


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
