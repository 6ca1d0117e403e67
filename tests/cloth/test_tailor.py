"""What garments are made of: by their words, or by a swatch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from drawn import REGIONS, dressed, person
from PIL import Image
from torch import nn

from fice.cloth import tailor
from fice.errors import InputError
from fice.order import Garment
from fice.subject.regions import REGION_CLASSES, Regions

STRIPES = (np.arange(160)[:, None, None] // 20 % 2 * 200 + np.zeros((160, 160, 3)) + 30).astype(np.uint8)


@pytest.fixture
def swatch(tmp_path):
    path = tmp_path / "stripes.png"
    Image.fromarray(STRIPES).save(path)
    return path


def test_a_garment_is_in_its_swatch(swatch):
    """Horizontal stripes of 2.5 cm from light to light on somebody's trunk, whatever else the words say."""
    worn = person(height=1600)
    edit = dressed(worn.subject, "red shirt", swatch=swatch, swatch_width=10)
    (cloth,) = edit.cloths
    assert cloth.cloth.swatch.kind == "lattice" and cloth.cloth.swatch.width == pytest.approx(10, rel=0.05)
    rows = edit.pixels[600:780, 390:410].mean((1, 2))
    shade = np.exp(worn.light[600:780, 390:410]).mean(1)
    power = abs(np.fft.rfft((rows / shade - (rows / shade).mean()) * np.hanning(len(rows)), 4096))
    period = 4096 / (20 + power[20:].argmax())  # photo pixels
    assert period * 170 / 1600 == pytest.approx(2.5, rel=0.1)


def test_a_swatch_is_measured_once_for_many_photos(swatch, monkeypatch):
    calls = []
    monkeypatch.setattr(tailor, "read_swatch", lambda *given: calls.append(given) or SimpleNamespace())
    tailor._measured.cache_clear()
    garment = Garment(swatch=swatch)
    assert tailor.swatch_of(garment) is tailor.swatch_of(Garment("dress", swatch=swatch))
    Image.fromarray(STRIPES[::-1]).save(swatch)
    tailor.swatch_of(garment)
    tailor.swatch_of(Garment(swatch=STRIPES))
    tailor.swatch_of(Garment(swatch=STRIPES.copy()))
    assert len(calls) == 3
    tailor._measured.cache_clear()


def test_somebody_is_no_cloth(tmp_path):
    """A network that sees a person, head to foot, in whatever has one red column."""

    class SeesRed(nn.Module):
        def forward(self, picture):
            red = (picture[:, :1] > 0.5).float() * 40
            found = torch.zeros(len(picture), len(REGION_CLASSES), *picture.shape[2:])
            rows = torch.linspace(0, 1, picture.shape[2])[:, None]
            for name, first, last in (("face", 0.0, 0.2), ("dress", 0.2, 0.9), ("shoes", 0.9, 1.1)):
                found[:, REGION_CLASSES.index(name) :][:, :1] = red * ((rows >= first) & (rows < last))
            return found

    somebody = np.zeros((200, 100, 3), np.uint8)
    somebody[20:180, 30:70, 0] = 255
    regions = Regions(SeesRed())
    with pytest.raises(InputError, match="shows a person: cut"):
        tailor.check_cloth(Garment(swatch=somebody), regions)
    tailor.check_cloth(Garment(swatch=np.zeros((200, 100, 3), np.uint8)), regions)
    tailor.check_cloth(Garment("red dress"), REGIONS)
    with pytest.raises(InputError, match="check its name"):
        tailor.check_cloth(Garment(swatch=tmp_path / "gone.png"), regions)
    with pytest.raises(InputError, match=r"pixels; use"):
        tailor.check_swatch(Garment(swatch=np.zeros((1, 1, 3), np.uint8)))
