"""`fice serve`, in a process of its own: orders over HTTP, hostile ones too, and what is left when it ends."""

from __future__ import annotations

import io
import json
import struct
import zlib
from contextlib import suppress

import pytest
import requests
from click.testing import CliRunner
from PIL import Image
from service.served import Served
from service.storm import quiet, storm

from fice.cli import main
from fice.errors import UsageError
from fice.photo.note import read_note
from fice.service.serving import bind, check_token

pytest.importorskip("fastapi", reason="the extra web is not installed")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("temporary"), "--preset", "fast") as served:
        yield served


def png(width, height, content=b""):
    """A PNG whose header says that it is of some size."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def test_an_order_and_a_photo_in_and_the_command_lines_picture_out(served, photo, tmp_path):
    (tmp_path / "anna.jpg").write_bytes(photo)
    asked = ["edit", str(tmp_path / "anna.jpg"), "red dress", "-o", str(tmp_path / "out.jpg"), "--preset", "fast"]
    assert CliRunner().invoke(main, [*asked, "--seed", "3", "--device", "cpu"]).exit_code == 0
    order = json.dumps({"garments": [{"text": "red dress"}], "seed": 3})
    answer = served("POST", "/edits", files={"photo": ("anna.jpg", photo)}, data={"order": order})
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert answer.content == (tmp_path / "out.jpg").read_bytes()
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''anna.red-dress.jpg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    (tmp_path / "answer.jpg").write_bytes(answer.content)
    assert read_note(tmp_path / "answer.jpg")["text"] == "red dress"


def test_step_by_step(served, photo, swatch):
    opened = served.open(photo, "anna.jpg")
    at = f"/photos/{opened['id']}"
    assert served("GET", at).json() == opened and opened["regions"]
    labels = Image.open(io.BytesIO(served("GET", f"{at}/regions.png").content))
    assert labels.size == (opened["width"], opened["height"]) and labels.getextrema() == (0, len(opened["regions"]))
    data = {"order": json.dumps({"garments": [{"swatch": "my cloth.png"}]}), "preset": "fast"}
    job = served("POST", f"{at}/jobs", data=data, files=[("files", ("my cloth.png", swatch))])
    assert job.status_code == 202 and job.json()["state"] in ("waiting", "running")
    done = served("GET", f"/jobs/{job.json()['id']}?wait=30").json()
    assert (done["state"], done["share"], done["report"]["text"]) == ("done", 1.0, "my cloth")
    assert served("GET", f"/jobs/{done['id']}/result").content[:2] == b"\xff\xd8"
    assert served("GET", f"/jobs/{done['id']}/drawn.png").content[1:4] == b"PNG"
    assert served("DELETE", at).status_code == 204
    gone = served("GET", f"/jobs/{done['id']}")
    assert gone.status_code == 404 and gone.json()["exit_code"] == 3


def test_a_job_is_cancelled(served, photo):
    opened = served.open(photo)
    asked = {"order": json.dumps({"text": "red dress", "candidates": 8})}
    jobs = [served("POST", f"/photos/{opened['id']}/jobs", data=asked).json()["id"] for _ in range(2)]
    assert served("GET", f"/jobs/{jobs[1]}/result").status_code == 409
    for job in reversed(jobs):
        served("DELETE", f"/jobs/{job}")
        assert served("GET", f"/jobs/{job}?wait=30").json()["state"] == "cancelled"
    assert served("GET", f"/jobs/{jobs[0]}/result").json()["error"] == "The edit was cancelled."
    served("DELETE", f"/photos/{opened['id']}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"root:x:0:0:root:/root:/bin/bash\n", "not a picture of a known kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture of a known kind"),
        (b"%!PS-Adobe-3.0\n", "not a picture of a known kind"),
        (png(60_000, 60_000), "larger than 100 megapixels"),
        (png(2_000_000_000, 2_000_000_000), "larger than 100 megapixels"),
        (png(9_000, 9_000, zlib.compress(bytes(1_000_000))), "damaged or cut short"),
        (png(8, 8, zlib.compress(bytes(200))), "only 8 x 8 pixels"),
    ],
)
def test_what_is_no_photo_is_refused_in_a_sentence(served, content, sentence):
    answer = served("POST", "/photos", files={"photo": ("../../evil.svg", content)})
    assert answer.status_code == 422 and sentence in answer.json()["error"], answer.text
    assert "/" not in answer.json()["error"].split(" ")[0]


def test_what_is_cut_short_is_refused(served, photo):
    answer = served("POST", "/edits", files={"photo": photo[: len(photo) // 3]}, data={"text": "red dress"})
    assert answer.status_code == 422 and "cut short" in answer.json()["error"]


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        ({}, 400, "not said what to wear"),
        ({"text": "glorpy"}, 422, "glorpy"),
        ({"text": "red dress", "preset": "slow"}, 400, "no preset 'slow'"),
        ({"text": "red dress", "steps": "many"}, 400, "steps"),
        ({"text": "red dress", "set": ["region_from=/etc"]}, 400, "region_from"),
        ({"order": "[" * 100_000}, 422, "no JSON object"),
        ({"order": "[1]"}, 422, "no JSON object"),
        ({"order": '{"garments": 7}'}, 400, "a list"),
        ({"order": '{"garments": [{"mask": "/etc/passwd", "text": "red"}]}'}, 422, "/etc/passwd does not exist"),
        ({"order": '{"text": "red dress", "latent": "/etc/passwd"}'}, 400, "latent"),
    ],
)
def test_orders_are_refused_in_the_words_of_the_command_line(served, photo, data, status, sentence):
    answer = served("POST", "/edits", files={"photo": photo}, data=data)
    assert answer.status_code == status and sentence in answer.json()["error"], answer.text


@pytest.mark.parametrize("path", ["/nothing", "/photos/..%2f..%2fetc%2fpasswd", "/jobs/x/result", "/docs", "/redoc"])
def test_there_is_nothing_else_at_the_address(served, path):
    assert served("GET", path).status_code == 404


def test_huge_headers_and_bodies_are_refused(served):
    with suppress(requests.RequestException):  # hung up on before all was sent
        assert served("GET", "/", headers={"x-much": "a" * 4_000_000}).status_code in (400, 431)
    assert served("POST", "/photos", headers={"content-length": str(10**12)}).status_code == 413
    assert served("POST", "/photos", headers={"content-length": str(10**12)}).status_code == 413
    assert served("GET", "/").status_code == 200


def test_foreign_pages_and_hosts_are_refused(served, photo):
    asked = {"files": {"photo": photo}, "data": {"text": "red dress"}}
    assert served("POST", "/edits", headers={"Origin": "http://evil.example"}, **asked).status_code == 403
    assert served("GET", "/", headers={"Host": "evil.example"}).status_code == 421


def test_the_description_needs_nothing_from_elsewhere(served):
    told = served("GET", "/openapi.json").json()
    assert {"/edits", "/photos", "/jobs/{job}"} <= set(told["paths"])
    assert "image/jpeg" in told["paths"]["/edits"]["post"]["responses"]["200"]["content"]
    assert "http" not in json.dumps(told)


def test_clients_who_come_and_go_leave_nothing_behind(served, photo):
    threads = served.threads()
    seen = storm(served, photo, 2, clients=8)
    held = quiet(served)
    assert seen["hung up"] and held["active"] == 0 and held["photos"] <= 32 and not served.files()
    assert served.threads() <= threads + 40  # those of the web framework are made when they are needed, and stay
    opened = served.open(photo)
    assert served("DELETE", f"/photos/{opened['id']}").status_code == 204


def test_elsewhere_it_wants_a_token_and_when_it_ends_nothing_is_left(tmp_path, photo):
    with Served(tmp_path, "--host", "0.0.0.0", "--preset", "fast", FICE_TOKEN="abcdefghijklmnopqrst") as served:
        served.address = f"http://127.0.0.1:{served.address.rpartition(':')[2]}"
        known = {"Authorization": "Bearer abcdefghijklmnopqrst"}
        assert served("GET", "/").status_code == 401
        assert served("GET", "/?token=abcdefghijklmnopqrsT").status_code == 401
        assert served("GET", "/", headers=known).status_code == 200
        order = {"data": {"text": "red dress"}, "headers": known}
        opened = served("POST", "/photos", files={"photo": photo}, headers=known).json()
        assert served("POST", f"/photos/{opened['id']}/jobs", **order).status_code == 202
        code, said = served.end()
    assert (code, said) == (0, "") and not list(tmp_path.iterdir())


def test_addresses_and_tokens_that_cannot_be_are_refused():
    with bind("127.0.0.1", 0) as taken:
        with pytest.raises(UsageError, match="in use"):
            bind("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UsageError, match="no address of this machine"):
        bind("192.0.2.1", 0)
    for token in ("short", "", "with a space " * 3, "a&b=c" * 9):
        with pytest.raises(UsageError, match="at least 16"):
            check_token(token)
