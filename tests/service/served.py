"""`fice serve` in a process of its own, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import requests
from conftest import ROOT


class Served:
    """A service that listens on this machine; its temporary files lie in `folder`. A context manager."""

    def __init__(self, folder: Path, *options: str, **environment: str):
        command = [sys.executable, str(ROOT / "cli.py"), "serve", "--port", "0", "--device", "cpu", *options]
        threads = {"OMP_NUM_THREADS": "1", "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
        self.folder = folder
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | threads | environment
        )
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.process.communicate()[1]
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy stands between this machine and itself

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.end()

    def __call__(self, method: str, path: str, **request) -> requests.Response:
        return self.http.request(method, self.address + path, timeout=60, **request)

    def open(self, content: bytes, name: str = "photo.jpg") -> dict:
        answer = self("POST", "/photos", files={"photo": (name, content)})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def memory(self) -> int:
        """Bytes that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def files(self) -> list[Path]:
        """The files that it holds in its temporary folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def end(self, how: int = signal.SIGTERM) -> tuple[int, str]:
        """Ends it; its exit code and what it said on stderr."""
        self.process.send_signal(how)
        said = self.process.communicate(timeout=60)[1]
        return self.process.returncode, said
