"""The compiled ops, built once for all tests into the usual cache."""

from __future__ import annotations

import pytest

from stylegan2_ops import build


@pytest.fixture(scope="session")
def compiled() -> None:
    """Builds and loads the ops; skips where this machine has no compiler."""
    if not build.compiler() or not build.ninja():
        pytest.skip(build.status()["reason"] or "no C++ compiler or no ninja")
    build.build(timeout=600)
    assert build.load()


@pytest.fixture(params=["ref", "compiled"])
def impl(request: pytest.FixtureRequest) -> str:
    """Each twin in turn."""
    if request.param == "compiled":
        request.getfixturevalue("compiled")
    return request.param
