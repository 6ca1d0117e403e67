"""Fetching against a server on this machine that breaks off, lies, refuses and dawdles. No real network."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import requests
from conftest import ROOT

import fice.files
import fice.models.download
from fice.errors import WeightsError
from fice.files import downloads, user_folder
from fice.models.fetch import Source, fetch, load_sources
from fice.models.sources import File, Recipe, megabytes

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(BODY).hexdigest()
SIZE = len(BODY)
OTHER = BODY[::-1]


class Site(BaseHTTPRequestHandler):
    """Serves `server.body`; the first answers are those of `server.script`, each given the handler."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(SimpleNamespace(path=self.path, **{k.lower(): v for k, v in self.headers.items()}))
        self.close_connection = True
        (server.script.pop(0) if server.script else whole)(self)

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        headers = {"Content-Length": len(body) if length is None else length, "Connection": "close"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def whole(site):
    """A proper server: the whole, or from where it is asked, if the version is still the same."""
    body, tag = site.server.body, f'"{hash(site.server.body)}"'
    start = int(site.headers.get("Range", "bytes=0-")[6:-1])
    if site.headers.get("If-Range", tag) != tag:
        start = 0
    if start >= len(body):
        return site.answer(416, Content_Range=f"bytes */{len(body)}")
    if start:
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return site.answer(206, body[start:], Content_Range=span, ETag=tag)
    return site.answer(200, body, ETag=tag)


def broken_at(end, **headers):
    """Promises everything and hangs up at byte `end`."""

    def handler(site):
        body, start = site.server.body, int(site.headers.get("Range", "bytes=0-")[6:-1])
        more = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        site.answer(206 if start else 200, body[start:end], length=len(body) - start, **more, **headers)

    return handler


def says(status, body=b"", **headers):
    return lambda site: site.answer(status, body, **headers)


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    server.body, server.script, server.asked = BODY, [], []
    server.url = f"http://127.0.0.1:{server.server_port}/weights.pt"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch, tmp_path):
    """A home of its own, no proxies, and pauses that are only written down."""
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FICE_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    pauses: list[float] = []
    monkeypatch.setattr(fice.models.download, "pause", pauses.append)
    return pauses


def source(server, sha256=SHA, size: int | None = SIZE, name="weights"):
    file = File("weights.pt", server.url, size, sha256)
    return Source(name, "Some weights.", "MIT, which allows any use.", (file,), "https://example.org", ("clip",))


def left():
    """Names of what lies in the folder of the source, locks aside."""
    folder = downloads() / "weights"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def refused(what, *words, **options):
    """The sentence of an error, which must hold `words` and end with a remedy."""
    with pytest.raises(WeightsError) as caught:
        fetch(what, **options)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text
    for word in words:
        assert word in text, text
    return text


def by_hand(what):
    return str(what.folder), "run this again"


# what goes well


def test_a_file_comes_and_is_not_fetched_twice(server, capfd):
    said: list[str] = []
    what = source(server)
    assert not what.installed()
    path = fetch(what, tell=said.append)
    assert path == what.path == downloads() / "weights" / "weights.pt"
    assert path.read_bytes() == BODY and left() == ["weights.pt"] and what.installed()
    assert len(said) == 1 and "1.0 MB" in said[0] and server.url in said[0]
    assert fetch(what) == path and len(server.asked) == 1
    assert server.asked[0].__dict__["accept-encoding"] == "identity"
    assert capfd.readouterr() == ("", "")  # no bar without a terminal


@pytest.mark.parametrize("progress", [True, False])
def test_a_terminal_sees_a_bar_if_it_wants_one(server, monkeypatch, progress):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(fice.files, "PATIENCE", 0)
    fetch(source(server), progress=progress, tell=lambda _: None)
    shown = sys.stderr.getvalue()
    assert ("weights.pt" in shown and "1.05M" in shown and "B/s" in shown) if progress else shown == ""


def test_several_files_share_a_folder(server):
    files = tuple(File(name, server.url, SIZE, SHA) for name in ("config.json", "model.bin"))
    what = Source("weights", "d", "l", files)
    assert fetch(what) == what.folder and left() == ["config.json", "model.bin"]
    assert what.size == 2 * SIZE and what.size_text == "2.1 MB"
    (what.folder / "config.json").unlink()
    assert not what.installed()
    fetch(what)
    assert len(server.asked) == 3


def test_what_breaks_off_goes_on(server, pauses):
    said: list[str] = []
    server.script = [broken_at(200_000), broken_at(500_000), broken_at(900_000)]
    assert fetch(source(server), tell=said.append).read_bytes() == BODY
    starts = [int(asked.__dict__.get("range", "bytes=0-")[6:-1]) for asked in server.asked]
    assert starts[0] == 0 and starts == sorted(set(starts)) and starts[1] > 100_000
    assert pauses == [1, 1, 1]  # each attempt brought something
    assert all("broke off" in line for line in said[1:]) and len(said) == 4


def test_pauses_grow_and_end(server, pauses):
    server.script = [broken_at(300_000)] + [broken_at(0)] * 20
    what = source(server)
    refused(what, "broke off", "6 times", "goes on from", *by_hand(what))
    assert pauses == [1, 2, 4, 8, 16]
    assert left() == ["weights.pt.part"]
    server.script, server.asked = [], []
    assert fetch(what).read_bytes() == BODY
    assert len(server.asked) == 1 and int(server.asked[0].range[6:-1]) > 200_000


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_troubles_are_waited_for(server, pauses, status):
    server.script = [says(status)] * 3
    assert fetch(source(server)).read_bytes() == BODY
    assert pauses == [1, 2, 4]


def test_a_server_may_name_the_pause(server, pauses):
    soon = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 50))
    asked = ["7", "86400", soon, "soon", "Wed, 21 Oct 2015 07:28:00 GMT"]
    server.script = [says(429, Retry_After=text) for text in asked]
    fetch(source(server))
    assert pauses[:2] == [7, fice.models.download.LONGEST_PAUSE] and 40 < pauses[2] <= 50 and pauses[3:] == [8, 0]


@pytest.mark.parametrize(
    "first",
    [
        says(416),
        says(416, Content_Range="bytes */9"),
        says(206, BODY[:9]),
        says(206, BODY[:9], Content_Range="bytes 1"),
        says(206, OTHER[8:], Content_Range=f"bytes 8-{SIZE - 1}/{SIZE}"),
    ],
)
def test_a_server_that_cannot_go_on_begins_again(server, first):
    server.script = [broken_at(300_000), first]
    assert fetch(source(server)).read_bytes() == BODY
    assert "range" in server.asked[1].__dict__ and "range" not in server.asked[2].__dict__


def test_a_server_that_ignores_ranges_begins_again(server):
    server.script = [broken_at(300_000), says(200, BODY)]
    assert fetch(source(server)).read_bytes() == BODY
    assert len(server.asked) == 2


def test_a_server_that_always_breaks_at_the_same_place_is_left(server, pauses):
    server.script = [says(200, BODY[:300_000], length=SIZE)] * 20
    refused(source(server), "broke off")
    assert len(pauses) <= 7


def test_a_server_may_send_in_portions(server):
    def portion(site):
        start = int(site.headers.get("Range", "bytes=0-")[6:-1])
        end = min(start + 400_000, SIZE)
        site.answer(206, BODY[start:end], Content_Range=f"bytes {start}-{end - 1}/{SIZE}")

    server.script = [broken_at(100_000), portion, portion, portion]
    assert fetch(source(server)).read_bytes() == BODY


def test_a_partial_file_that_is_whole_needs_no_network(server):
    what = source(server)
    what.folder.mkdir(parents=True)
    (what.folder / "weights.pt.part").write_bytes(BODY)
    assert fetch(what).read_bytes() == BODY and server.asked == [] and left() == ["weights.pt"]


def test_a_whole_partial_file_of_unknown_size_is_asked_about(server):
    what = source(server, size=None)
    what.folder.mkdir(parents=True)
    (what.folder / "weights.pt.part").write_bytes(BODY)
    assert fetch(what).read_bytes() == BODY and len(server.asked) == 1


def test_redirects_are_followed(server):
    server.script = [says(302, Location=f"http://localhost:{server.server_port}/elsewhere"), says(307, Location="/x")]
    assert fetch(source(server)).read_bytes() == BODY
    assert [asked.path for asked in server.asked] == ["/weights.pt", "/elsewhere", "/x"]


@pytest.mark.parametrize("target", ["http://example.invalid/x", "ftp://localhost/x", "file:///etc/passwd", "http://[x"])
def test_redirects_into_the_open_are_not(server, target):
    server.script = [says(302, Location=target)]
    refused(source(server), "cannot be fetched", "browser")
    assert len(server.asked) == 1 and left() == []


def test_plain_http_is_for_this_machine_alone(server):
    check = fice.models.download.check_address
    check("https://a.example/x", "https://b.example/y")
    check(server.url, server.url)
    for url, origin in (("http://a.example/x",) * 2, (server.url, "https://a.example/x"), ("file:///x", server.url)):
        with pytest.raises(requests.exceptions.InvalidSchema):
            check(url, origin)


def test_endless_redirects_end(server):
    server.script = [says(302, Location="/x")] * 50
    refused(source(server), "redirects")


def test_a_proxy_of_the_user_is_used(server, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(fice.models.download, "LOCAL", {"weights.invalid"})
    file = File("weights.pt", "http://weights.invalid/weights.pt", SIZE, SHA)
    assert fetch(Source("weights", "d", "l", (file,))).read_bytes() == BODY
    assert server.asked[0].path == "http://weights.invalid/weights.pt"


def test_files_may_lie_in_folders_of_a_source(server):
    files = tuple(File(name, server.url, SIZE, SHA) for name in ("config.json", "unet/a.bin", "unet/b/a.bin"))
    what = Source("weights", "d", "l", files)
    assert fetch(what) == what.folder and what.installed()
    assert sorted(path.name for path in (what.folder / "unet").rglob("*") if path.is_file()) == ["a.bin", "a.bin"]
    alone = Source("alone", "d", "l", (File("unet/a.bin", server.url, SIZE, SHA),))
    assert fetch(alone) == alone.folder


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_gone_comes_from_a_mirror(server, pauses, status):
    said: list[str] = []
    server.script = [says(status), says(404)]
    mirrors = tuple(server.url.replace("weights.pt", name) for name in ("second", "third"))
    file = File("weights.pt", server.url, None, None, mirrors)
    assert fetch(Source("weights", "d", "l", (file,)), tell=said.append).read_bytes() == BODY
    assert [each.path for each in server.asked] == ["/weights.pt", "/second", "/third"] and pauses == []
    assert f"gone from {server.url}; trying {mirrors[0]}" in said[1] and mirrors[1] in said[2]
    assert str(file.url) in (user_folder() / "seen.json").read_text()  # known by its first address


def test_a_server_without_a_name_has_a_mirror(server, pauses):
    file = File("weights.pt", "https://weights.invalid/weights.pt", SIZE, SHA, (server.url,))
    assert fetch(Source("weights", "d", "l", (file,))).read_bytes() == BODY and pauses == []


def test_a_file_that_no_mirror_has_is_one_sentence(server, pauses):
    server.script = [says(404), says(410)]
    what = Source("weights", "d", "l", (File("weights.pt", server.url, SIZE, SHA, (server.url,)),))
    refused(what, "410", server.url)
    assert pauses == []


# what is refused


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 304])
def test_other_answers_are_final(server, pauses, status):
    server.script = [says(status)]
    what = source(server)
    refused(what, str(status), server.url, *by_hand(what))
    assert pauses == [] and len(server.asked) == 1


@pytest.mark.parametrize(
    "page",
    [
        says(200, b"<html>Quota exceeded</html>", Content_Type="text/html; charset=utf-8"),
        says(200, b"\n <!DOCTYPE html><p>Quota</p>", Content_Type="application/octet-stream"),
        says(200, b"<?xml version='1.0'?><Error/>"),
    ],
)
@pytest.mark.parametrize("size", [None, SIZE])
def test_a_web_page_is_no_weights(server, page, size):
    server.script = [page]
    what = source(server, sha256=None, size=size)
    refused(what, "weights.pt", *by_hand(what))
    assert left() == []
    assert not (user_folder() / "seen.json").exists()


def test_a_web_page_says_so(server):
    server.script = [says(200, b"Quota exceeded", Content_Type="text/html")]
    refused(source(server, sha256=None, size=None), "a web page instead of weights.pt")


def test_a_wrong_sha256_deletes_the_file(server):
    server.body = OTHER
    what = source(server)
    refused(what, "another sha256", "deleted", *by_hand(what))
    assert left() == []


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
def test_an_announced_size_must_be_the_stated_one(server, size):
    refused(source(server, size=size), str(size), str(SIZE))
    assert left() == []


def test_a_body_shorter_than_announced_is_refused(server, pauses):
    server.body = BODY[:300_000]
    server.script = [says(200, server.body, length=SIZE)] + [whole] * 20
    refused(source(server), "browser")
    assert not (downloads() / "weights" / "weights.pt").exists()


def test_a_body_longer_than_announced_is_cut_and_refused(server):
    server.script = [says(200, BODY, length=SIZE - 5)]
    refused(source(server, size=None), "another sha256")
    assert left() == []


def chunked(*blocks):
    def handler(site):
        site.send_response(200)
        site.send_header("Transfer-Encoding", "chunked")
        site.end_headers()
        for block in blocks:
            site.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        site.wfile.write(b"0\r\n\r\n")

    return handler


def test_without_a_length_no_more_than_the_stated_size_is_written(server):
    server.script = [chunked(BODY, BODY)]
    refused(source(server), "more than the 1.0 MB")
    assert left() == []


def test_without_any_length_there_is_a_ceiling(server, monkeypatch):
    monkeypatch.setattr(fice.models.download, "CEILING", 500_000)
    server.script = [chunked(BODY)]
    refused(source(server, size=None), "more than the 500 kB")
    refused(source(server, size=None), "announces 1.0 MB")
    assert left() == []


def test_without_any_length_the_whole_is_taken(server):
    server.script = [chunked(BODY[:5], BODY[5:])]
    assert fetch(source(server, size=None)).read_bytes() == BODY


def test_an_encoding_nobody_asked_for_is_refused(server):
    server.script = [says(200, b"zipped", Content_Encoding="gzip")]
    refused(source(server, size=None), "nobody asked for")


def test_a_server_that_is_not_there(server, pauses):
    what = source(SimpleNamespace(url="http://127.0.0.1:9/weights.pt"))
    refused(what, "127.0.0.1:9", "broke off", *by_hand(what))
    assert pauses == [1, 2, 4, 8, 16]


def test_what_only_people_may_download(server):
    file = File("weights.pkl")
    what = Source("weights", "d", "l", (file,), "https://drive.example/view")
    assert what.by_hand and what.size_text == "size not stated"
    for offline in (True, False):
        refused(what, "missing", "https://drive.example/view", *by_hand(what), offline=offline)
    what.folder.mkdir(parents=True)
    what.path.write_bytes(b"put here by hand")
    said: list[str] = []
    assert fetch(what, tell=said.append) == what.path and "no other" in said[0]
    what.path.write_bytes(b"changed")
    refused(what, "not what was there first", "seen.json")


# offline


@pytest.mark.parametrize("how", ["option", "variable"])
def test_offline_never_asks(server, monkeypatch, how):
    if how == "variable":
        monkeypatch.setenv("FICE_OFFLINE", "1")
    options = {"offline": how == "option"}
    what = source(server)
    refused(what, "weights.pt", "missing", "offline", server.url, *by_hand(what), **options)
    assert server.asked == [] and not user_folder().exists()
    what.folder.mkdir(parents=True)
    what.path.write_bytes(BODY)
    assert fetch(what, **options) == what.path
    what.path.write_bytes(OTHER)
    refused(what, "damaged", **options)
    assert server.asked == []


def test_a_damaged_file_is_fetched_again(server):
    said: list[str] = []
    what = source(server)
    fetch(what).write_bytes(OTHER)
    assert what.installed()  # a glance at the sizes
    what.path.write_bytes(OTHER[1:])
    assert not what.installed()
    assert fetch(what, tell=said.append).read_bytes() == BODY
    assert "damaged" in said[0] and len(server.asked) == 2


# files without a stated sha256


def test_the_first_one_seen_is_the_one(server):
    said: list[str] = []
    what = source(server, sha256=None)
    fetch(what, tell=said.append)
    assert json.loads((user_folder() / "seen.json").read_text()) == {server.url: SHA} and SHA in said[-1]
    fetch(what, tell=said.append)
    assert len(said) == 2 and len(server.asked) == 1
    what.path.unlink()
    server.body = OTHER
    refused(what, "not the file that came first", "seen.json")
    assert left() == []
    server.body = BODY
    assert fetch(what).read_bytes() == BODY


def test_two_versions_never_end_up_in_one_file(server):
    what = source(server, sha256=None)
    server.script = [broken_at(300_000, ETag='"old"')] + [broken_at(0)] * 6
    refused(what, "broke off")
    assert "weights.pt.part.tag" in left()
    server.body = OTHER
    assert fetch(what).read_bytes() == OTHER
    assert server.asked[-1].__dict__["if-range"] == '"old"' and left() == ["weights.pt"]


def test_without_a_mark_of_the_version_it_begins_again(server):
    server.script = [broken_at(300_000, ETag='W/"weak"')]
    assert fetch(source(server, sha256=None)).read_bytes() == BODY
    assert "range" not in server.asked[1].__dict__


def test_a_mark_goes_with_the_version_it_marked(server):
    server.script = [broken_at(300_000, ETag='"1"'), says(200, BODY[:400_000], length=SIZE)]
    assert fetch(source(server, sha256=None)).read_bytes() == BODY
    assert "range" in server.asked[1].__dict__ and "range" not in server.asked[2].__dict__


def test_each_file_is_recognised_on_its_own(server):
    files = tuple(File(name, f"{server.url}?{name}") for name in ("a.json", "b.bin"))
    fetch(Source("weights", "d", "l", files))
    assert json.loads((user_folder() / "seen.json").read_text()) == {file.url: SHA for file in files}


def test_a_damaged_list_of_what_was_seen(server):
    user_folder().mkdir()
    for text in ("{", "[]"):
        (user_folder() / "seen.json").write_text(text)
        refused(source(server, sha256=None), "seen.json", "delete it")


# the disk


def test_a_disk_without_room_is_noticed_before_writing(server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000))
    refused(source(server), "needs 1.0 MB", "500 kB left", "FICE_HOME")
    assert left() == []


def test_what_is_there_needs_no_room(server, monkeypatch):
    server.script = [broken_at(700_000)] + [broken_at(0)] * 5
    refused(source(server), "broke off")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500_000))
    assert fetch(source(server)).read_bytes() == BODY


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_disk_that_fills_up_is_a_sentence(server):
    what = source(server)
    what.folder.mkdir(parents=True)
    (what.folder / "weights.pt.part").symlink_to("/dev/full")
    refused(what, "full", "FICE_HOME", "kept")


def test_a_home_that_cannot_be_is_a_sentence(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "file"))
    refused(source(server), str(tmp_path / "file"), "FICE_HOME")


# interruptions, and others at the same time

PROGRAM = """
import sys, fice.models.download
from fice.models.fetch import Source, fetch
from fice.models.sources import File
url, size, sha = sys.argv[1:]
file = File("weights.pt", url, int(size), sha)
print(fetch(Source("weights", "d", "l", (file,)), tell=lambda line: print(line, flush=True)), flush=True)
"""


def start(server):
    command = [sys.executable, "-c", PROGRAM, server.url, str(SIZE), SHA]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def until(true):
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("waited in vain")


@pytest.fixture
def gate(server):
    """Lets the first answer of the server stop after 600,000 bytes until it is opened."""
    gate = threading.Event()

    def slow(site):
        site.send_response(200)
        site.send_header("Content-Length", str(SIZE))
        site.end_headers()
        site.wfile.write(BODY[:600_000])
        site.wfile.flush()
        gate.wait(20)
        try:
            site.wfile.write(BODY[600_000:])
        except OSError:
            pass

    server.script = [slow]
    yield gate
    gate.set()


def part_size():
    part = downloads() / "weights" / "weights.pt.part"
    return part.stat().st_size if part.is_file() else 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_download_goes_on_in_the_next_process(server, gate, how):
    process = start(server)
    until(lambda: part_size() > 400_000)
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode != 0 and "weights.pt.part" in left() and "weights.pt" not in left()
    assert fetch(source(server)).read_bytes() == BODY
    assert int(server.asked[1].range[6:-1]) > 400_000 and left() == ["weights.pt"]


def test_two_processes_fetch_once(server, gate):
    first = start(server)
    until(lambda: part_size() > 0)
    second = start(server)
    assert "Another fice" in second.stdout.readline()
    gate.set()
    for process in (first, second):
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0 and out.strip().endswith("weights.pt"), err
    assert "Fetching" not in out  # the second one found it
    assert len(server.asked) == 1


# the list of sources


def test_the_sources_that_come_with_fice():
    known = load_sources()
    assert {"clip-rn50x4", "fice-checkpoints", "stylegan-human-v2-512", "fashion-clip"} <= set(known.sources)
    viton = known.get("viton")
    assert isinstance(viton, Recipe) and viton.sources[:2] == (known.get("fice-checkpoints"), known.get("clip-rn50x4"))
    assert not viton.installed() and known.names()[0] == "viton"
    for entry in known.sources.values():
        assert entry.licence.endswith(".") and entry.description.endswith(".") and entry.note and entry.page
        assert not entry.by_hand or "Google Drive" in entry.note
        for file in entry.files:
            if file.url and "openaipublic" in file.url:
                assert file.sha256 and file.url.split("/")[-2] == file.sha256 and file.url.endswith(file.name)
    with pytest.raises(WeightsError, match="clip-rn50x4"):
        known.get("clip-rn50x")
    with pytest.raises(WeightsError, match="viton"):
        known.get("zzz")


ENTRY = {
    "description": "d.",
    "licence": "l.",
    "page": "https://example.org/x",
    "becomes": {"parts": ["clip"]},
    "files": [{"name": "a.pt", "url": "https://example.org/a", "size": 5, "sha256": "a" * 64}],
}


def load(tmp_path, tree):
    path = tmp_path / "sources.json"
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return load_sources(path)


def test_a_list_of_ones_own(tmp_path):
    known = load(tmp_path, {"sources": {"a": ENTRY}, "bundles": {"b": {"description": "d", "sources": ["a"]}}})
    assert known.get("a").parts == ("clip",) and known.get("b").sources == (known.get("a"),)


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"licence": ""},
        {"description": 5},
        {"becomes": {"parts": ["hat"]}},
        {"becomes": {}},
        {"new": 1},
        {"page": "http://example.org/x"},
        {"page": "https://user:word@example.org/"},
        {"files": ENTRY["files"] * 2},
        *(
            {"files": [ENTRY["files"][0] | file]}
            for file in (
                {"name": "../a"},
                {"name": ".a"},
                {"name": "a.part"},
                {"name": "a/../b"},
                {"name": "/a"},
                {"name": "a/"},
                {"name": "a/.b"},
                {"url": "http://example.org/a"},
                {"url": "https://"},
                {"size": 0},
                {"size": "5"},
                {"size": True},
                {"size": 9 << 30},
                {"sha256": "a" * 63},
                {"sha256": "A" * 64},
                {"mirror": "https://example.org/b"},
                {"mirrors": "https://example.org/b"},
                {"mirrors": ["http://example.org/b"]},
            )
        ),
        {"page": None, "files": [ENTRY["files"][0] | {"url": None}]},
    ],
)
def test_a_list_that_breaks_its_form(tmp_path, change):
    with pytest.raises(WeightsError, match="damaged"):
        load(tmp_path, {"sources": {"a": ENTRY | change}, "bundles": {}})


@pytest.mark.parametrize(
    "tree",
    [
        "{",
        "[]",
        {},
        {"sources": {"A b": ENTRY}, "bundles": {}},
        {"sources": {"..": ENTRY}, "bundles": {}},
        {"sources": {"a": ENTRY}, "bundles": {"a": {"description": "d", "sources": ["a"]}}},
        {"sources": {"a": ENTRY}, "bundles": {"b": {"description": "d", "sources": ["c"]}}},
    ],
)
def test_a_list_that_is_none(tmp_path, tree):
    with pytest.raises(WeightsError, match="damaged"):
        load(tmp_path, tree)


def test_sizes_for_people():
    assert [megabytes(n) for n in (0, 999, 1000, 1356917, 9_960_000, 421854225, 999_600_000, 1_353_500_174)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.4 MB",
        "10 MB",
        "422 MB",
        "1.0 GB",
        "1.4 GB",
    ]


def test_asking_what_there_is_loads_nothing_heavy():
    code = (
        "import sys, fice.models.fetch as f; f.load_sources(); print({'numpy', 'torch', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()", done.stderr
