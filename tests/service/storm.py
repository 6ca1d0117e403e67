"""Clients that upload, order, cancel, hang up and forget at random: `storm.py --minutes 10`."""

from __future__ import annotations

import argparse
import io
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import requests
from conftest import person_on_a_wall
from PIL import Image
from service.served import Served

TEXTS = ("red dress", "blue striped shirt", "glorpy", "")
GENERATED = {"preset": "generated", "steps": "4", "set": ["refine=1", "tuning=1", "views=1"]}


class Client(threading.Thread):
    """One client; counts the status of each answer in `seen`."""

    def __init__(self, address: str, photo: bytes, until: float, seed: int):
        super().__init__()
        self.address, self.photo, self.until, self.random = address, photo, until, random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.http = requests.Session()
        self.http.trust_env = False
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                self.random.choice((self.edit, self.hang_up, self.nonsense, self.work, self.work))()
        except Exception as error:  # for the thread that waits
            self.failure = error
        finally:
            self.http.close()

    def ask(self, method: str, path: str, **request) -> requests.Response:
        answer = self.http.request(method, self.address + path, timeout=600, **request)
        self.seen[f"{method} {answer.status_code}"] += 1
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        return answer

    def edit(self) -> None:
        self.ask("POST", "/edits", files={"photo": self.photo}, data={"text": self.random.choice(TEXTS)})

    def hang_up(self) -> None:
        """Half an upload, or all of it, and then nobody is there."""
        host, port = urlsplit(self.address).netloc.split(":")
        head = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nred dress\r\n--x\r\nContent-Disposition: '
        head += b'form-data; name="photo"; filename="p.jpg"\r\n\r\n'
        body = head + self.photo + b"\r\n--x--\r\n"
        said = f"POST /edits HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        request = f"{said}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection((host, int(port))) as line:
            line.sendall(request[: self.random.choice((len(request) // 2, len(request)))])
            time.sleep(self.random.random())
        self.seen["hung up"] += 1

    def nonsense(self) -> None:
        noise = self.random.randbytes(self.random.choice((0, 10, 5000)))
        content = self.random.choice((noise, self.photo[: len(self.photo) // 2]))
        self.ask("POST", "/photos", files={"photo": ("../../x", content)})

    def work(self) -> None:
        """Several orders for one photo, looked at, cancelled or not, and forgotten or not."""
        opened = self.ask("POST", "/photos", files={"photo": self.photo})
        if opened.status_code != 201:
            return
        photo = opened.json()["id"]
        for _ in range(self.random.randint(1, 3)):
            how = GENERATED if self.random.random() < 0.1 else {}
            order = {"garments": [{"text": self.random.choice(TEXTS[:2]), "swatch": "cloth.png"}]}
            files = {"files": ("cloth.png", cloth(self.random))} if self.random.random() < 0.3 else None
            data = how | ({"order": json.dumps(order)} if files else {"text": self.random.choice(TEXTS)})
            job = self.ask("POST", f"/photos/{photo}/jobs", data=data, files=files)
            if job.status_code != 202:
                continue
            at = f"/jobs/{job.json()['id']}"
            self.ask("GET", f"{at}?wait={self.random.choice((0, 0.2, 5))}")
            self.ask("GET", f"{at}/{self.random.choice(('drawn.png', 'result'))}")
            if self.random.random() < 0.6:
                self.ask("DELETE", at)
        if self.random.random() < 0.8:
            self.ask("DELETE", f"/photos/{photo}")


def cloth(chance: random.Random) -> bytes:
    stream = io.BytesIO()
    Image.frombytes("RGB", (64, 64), chance.randbytes(64 * 64 * 3)).save(stream, "PNG")
    return stream.getvalue()


def storm(served: Served, photo: bytes, seconds: float, clients: int = 20, seed: int = 0) -> Counter[str]:
    """The answers that clients had, counted. AssertionError where the service had a fault of its own."""
    until = time.monotonic() + seconds
    all_of_them = [Client(served.address, photo, until, seed * clients + number) for number in range(clients)]
    for client in all_of_them:
        client.start()
    for client in all_of_them:
        client.join()
    failures = [client.failure for client in all_of_them if client.failure]
    assert not failures, failures
    return sum((client.seen for client in all_of_them), Counter())


def quiet(served: Served, seconds: float = 120) -> dict:
    """What is held once nothing is being done any more."""
    until = time.monotonic() + seconds
    while (held := served("GET", "/").json())["active"] and time.monotonic() < until:
        time.sleep(0.1)
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--edits", type=int, default=0, help="instead: so many small edits, one after the other")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = io.BytesIO()
        with Image.open(person_on_a_wall(Path(folder))) as person:
            person.convert("RGB").save(photo, "JPEG")
        (temporary := Path(folder, "temporary")).mkdir()
        with Served(temporary, "--preset", "fast") as served:
            told = lambda: f"{served.memory() >> 20} MiB, {served.threads()} threads, {served.files()} files"  # noqa: E731
            for number in range(asked.edits):
                if number % 10 == 0:
                    print(number, told(), flush=True)
                served("POST", "/edits", files={"photo": photo.getvalue()}, data={"text": "red dress"})
            if not asked.edits:
                for seed in range(5):
                    print(storm(served, photo.getvalue(), asked.minutes * 12, asked.clients, seed))
                    print(quiet(served), told(), flush=True)
            print("last", told())
            print("ended with", served.end(), [*temporary.iterdir()])


if __name__ == "__main__":
    main()
