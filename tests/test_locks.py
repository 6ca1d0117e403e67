"""Locks hold against threads and processes, are freed by a kill, and say or refuse where they are held."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from conftest import ROOT

from fice.files import locked

HOLD = """
import sys
from pathlib import Path
from fice.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def holder(path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


class Busy(Exception):
    pass


def busy():
    raise Busy


def test_what_is_held_can_be_refused(path, holder):
    with pytest.raises(Busy) as caught, locked(path, busy):
        pass
    assert caught.value.__context__ is None


def test_what_is_held_is_said_and_waited_for(path, holder):
    said = []

    def tell():
        said.append(1)
        holder.stdin.close()  # it ends

    with locked(path, tell):
        assert said == [1]


def test_a_dead_process_holds_nothing(path, holder):
    holder.kill()
    holder.wait()
    with locked(path, busy):
        pass


def test_a_thread_waits_for_another(path):
    order = []

    def second():
        with locked(path, lambda: order.append("waits")):
            order.append("second")

    with locked(path):
        thread = threading.Thread(target=second)
        thread.start()
        while not order:
            pass
        order.append("first")
    thread.join()
    assert order == ["waits", "first", "second"]


def test_an_error_frees_the_lock(path):
    with pytest.raises(Busy), locked(path):
        busy()
    with locked(path, busy):
        pass
