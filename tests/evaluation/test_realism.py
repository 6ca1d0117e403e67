"""Distances of sets of pictures against closed forms and torchmetrics, and how often their intervals are right."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from fice.bundle.bundle import load_bundle
from fice.errors import WeightsError
from fice.evaluation import realism as rooms
from fice.evaluation.intervals import FEW
from fice.evaluation.measures import Unmeasurable
from fice.evaluation.realism import clip_features, frechet, inception_features, influences, kernel, realism
from fice.language.clip import Semantics
from fice.models.sources import File, Sources, load_sources
from fice.nets.inception import Inception


def normal(count, features, seed, shift=0.0, scale=1.0):
    return np.random.default_rng(seed).standard_normal((count, features)) * scale + shift


def with_moments(count, mean, covariance, seed=0):
    """Rows with exactly this mean and covariance."""
    rows = normal(count, len(mean), seed)
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return rows @ np.linalg.cholesky(covariance).T + mean


def test_frechet_of_known_gaussians():
    first = with_moments(50, [1.0, 2.0], np.diag([4.0, 9.0]))
    second = with_moments(80, [4.0, -2.0], np.diag([1.0, 25.0]), seed=1)
    assert frechet(first, second) == pytest.approx(25 + (2 - 1) ** 2 + (3 - 5) ** 2, rel=1e-9)
    mixed, other = np.array([[2.0, 0.8], [0.8, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    product = mixed @ other  # of a 2 x 2 matrix: tr √P = √(tr P + 2 √det P)
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    found = frechet(with_moments(50, [0, 0], mixed), with_moments(50, [0, 0], other, seed=1))
    assert found == pytest.approx(np.trace(mixed) + np.trace(other) - 2 * root, rel=1e-9)
    assert frechet(first, second) == pytest.approx(frechet(second, first), rel=1e-12)
    assert frechet(torch.from_numpy(first).float(), second) == pytest.approx(frechet(first, second), rel=1e-5)


@pytest.mark.parametrize(("count", "features"), [(200, 8), (8, 200), (2, 64), (64, 64)])
def test_frechet_of_a_set_with_itself_is_nothing(count, features):
    rows = normal(count, features, 0)
    assert frechet(rows, rows) == pytest.approx(0, abs=1e-9)
    assert frechet(rows, rows + 2) == pytest.approx(4 * features, rel=1e-9)


def test_frechet_of_lines_that_cross():
    """Two pictures of each kind vary along one line each: the trace of the root is the cosine between them."""
    first, second = np.array([[1.0, 0, 0], [-1, 0, 0]]), np.array([[3.0, 4, 0], [-3, -4, 0]])
    assert frechet(first, second) == pytest.approx(2 + 50 - 2 * np.sqrt(2 * 50) * 3 / 5, rel=1e-12)


@pytest.mark.parametrize("count", [300, 40])
def test_both_as_torchmetrics_has_them(count):
    first, second = normal(count, 48, 0, 0.2), normal(150, 48, 1, scale=1.3)
    network = nn.Flatten()
    network.num_features = 48
    theirs = FrechetInceptionDistance(network, normalize=True).set_dtype(torch.float64)
    theirs.update(torch.from_numpy(second), real=True)
    theirs.update(torch.from_numpy(first), real=False)
    found = theirs.compute().item()
    assert frechet(first, second) == pytest.approx(found, rel=1e-6 if count > 48 else 1e-4)
    same = min(count, 150)
    other = KernelInceptionDistance(network, subsets=1, subset_size=same, normalize=True).set_dtype(torch.float64)
    other.update(torch.from_numpy(second[:same]), real=True)
    other.update(torch.from_numpy(first[:same]), real=False)
    assert kernel(first[:same], second[:same]) == pytest.approx(other.compute()[0].item(), rel=1e-9)


def test_kernel_by_hand_and_without_bias(monkeypatch):
    first, second = np.array([[1.0, 0], [0, 2], [1, 1]]), np.array([[2.0, 2], [0, 0]])
    k = lambda x, y: (x @ y / 2 + 1) ** 3  # noqa: E731
    within = (k(first[0], first[1]) + k(first[0], first[2]) + k(first[1], first[2])) / 3
    across = sum(k(x, y) for x in first for y in second) / 6
    wanted = within + k(second[0], second[1]) - 2 * across
    assert kernel(first, second) == pytest.approx(wanted, rel=1e-12)
    monkeypatch.setattr(rooms, "AT_ONCE", 4)  # row by row
    assert kernel(first, second) == pytest.approx(wanted, rel=1e-12)
    monkeypatch.undo()
    many = [kernel(normal(12, 8, 2 * i), normal(15, 8, 2 * i + 1)) for i in range(400)]
    assert min(many) < 0 and abs(np.mean(many)) < 3 * np.std(many) / 20


def test_what_cannot_be_measured():
    for measure in (frechet, kernel):
        for first, second in ((normal(1, 4, 0), normal(9, 4, 1)), (normal(9, 4, 0), normal(0, 4, 1)), ([], [])):
            with pytest.raises(Unmeasurable, match="two pictures"):
                measure(first, second)
        with pytest.raises(Unmeasurable, match="no numbers"):
            measure(np.full((4, 4), np.nan), normal(9, 4, 1))
    for edited in (normal(1, 4, 0), np.zeros((0, 4)), np.full((3, 4), np.inf)):
        for found in realism(edited, normal(9, 4, 1), ["a"] * len(edited)).values():
            assert (found.mean, found.low, found.high, found.count) == (None, None, None, len(edited)) and found.reason


def test_a_run_as_a_whole():
    edited, real, groups = normal(60, 16, 0, 0.3), normal(200, 16, 1), [str(i // 3) for i in range(60)]
    found = realism(edited, real, groups)
    assert list(found) == ["frechet", "kernel"] and found["frechet"].mean == frechet(edited, real)
    for one in found.values():
        assert one.low < one.mean < one.high and one.count == 60 and one.reason == ""
    assert realism(edited, real, groups) == found
    order = np.random.default_rng(2).permutation(60)
    turned = realism(edited[order], real, [groups[i] for i in order])
    for name, one in found.items():
        other = turned[name]
        assert (other.mean, other.low, other.high) == pytest.approx((one.mean, one.low, one.high), rel=1e-9)
    assert realism(edited, real, groups, seed=1)["kernel"].low != found["kernel"].low
    single = realism(edited, real, [str(i) for i in range(60)])
    assert single["kernel"].mean == pytest.approx(kernel(edited, real), rel=1e-9)


def test_pairs_of_one_photograph_do_not_count():
    """Photographs that were not changed are as far from themselves as they should be, however many texts they had."""
    real, names = normal(20, 16, 0), [str(i) for i in range(20)]
    for texts in (1, 3):
        edited, groups = np.repeat(real, texts, axis=0), [name for name in names for _ in range(texts)]
        assert realism(edited, real, groups, origins=names)["kernel"].mean == pytest.approx(0, abs=1e-9)
        assert realism(edited, real, groups)["kernel"].mean < -0.1
    others = realism(edited, real, groups, origins=[f"other {name}" for name in names])
    assert others == realism(edited, real, groups)
    half = realism(edited, real, groups, origins=[*names[:10], *("?" * 10)])["kernel"].mean
    assert realism(edited, real, groups)["kernel"].mean < half < 0
    alone = realism(normal(4, 16, 0), real[:2], ["a", "a", "b", "b"], origins=["a", "b"])["kernel"]
    assert alone.mean is not None and alone.reason == FEW


def test_what_a_reader_is_warned_of():
    few = realism(normal(20, 256, 0), normal(300, 256, 1), [str(i) for i in range(20)])
    assert "20 edits" in few["frechet"].reason and "biased upward" in few["frechet"].reason
    assert few["frechet"].low is not None and few["kernel"].reason == ""
    assert "biased" in realism(normal(90, 8, 0), normal(5, 8, 1), [str(i) for i in range(90)])["frechet"].reason
    for groups in (["a"] * 20, ["a", "b"] * 10):
        for name, one in realism(normal(20, 4, 0), normal(30, 4, 1), groups).items():
            assert (one.mean is None) == (name == "kernel" and "b" not in groups)
            assert (one.low, one.high) == (None, None) and (FEW in one.reason or "one photograph" in one.reason)


@pytest.mark.parametrize(("count", "features"), [(30, 5), (6, 20)])
def test_influences_are_the_derivative_of_the_distance(count, features):
    first, second = normal(count, features, 0, 0.3), normal(40, features, 1)

    def weighted(shares):
        mean = shares @ first
        rows = (first - mean) * np.sqrt(shares * count / (count - 1))[:, None]
        other = np.cov(second.T)
        values, vectors = np.linalg.eigh(other)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        cross = np.sqrt(np.linalg.eigvalsh(root @ rows.T @ rows @ root).clip(0)).sum()
        return np.square(mean - second.mean(0)).sum() + np.square(rows).sum() + np.trace(other) - 2 * cross

    even, found = np.full(count, 1 / count), influences(first, second)
    assert weighted(even) == pytest.approx(frechet(first, second), rel=1e-6)
    assert found.sum() == pytest.approx(0, abs=1e-9)
    for i in range(0, count, 3):
        toward = np.eye(count)[i] - even
        slope = (weighted(even + 1e-4 * toward) - weighted(even - 1e-4 * toward)) / 2e-4
        assert found[i] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_coverage():
    """Of the distance that so many edits have on average, with three texts a photograph."""
    real, chance = normal(100, 12, 9), np.random.default_rng(0)

    def run():
        photos = np.repeat(chance.standard_normal((15, 12)), 3, axis=0)
        return 0.3 + np.sqrt(0.7) * photos + np.sqrt(0.3) * chance.standard_normal((45, 12))

    groups = [str(i // 3) for i in range(45)]
    many = [realism(run(), real, groups, resamples=1) for _ in range(1000)]
    truth = {name: np.mean([one[name].mean for one in many]) for name in many[0]}
    found = [realism(run(), real, groups, resamples=200) for _ in range(200)]
    for name, value in truth.items():
        assert 0.88 < np.mean([one[name].low <= value <= one[name].high for one in found]) < 0.995, name


def test_features_of_a_clip():
    semantics = Semantics.from_bundle(load_bundle("street"))
    look = clip_features(semantics, "street", "street photographs")
    pictures = torch.rand(5, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    found = look(pictures)
    assert found.dtype == torch.float32 and not found.requires_grad and look.name == "street"
    torch.testing.assert_close(found, semantics.encode_picture(pictures).detach())
    few = rooms.Features("street", "", look.look, batch=2)
    torch.testing.assert_close(few(pictures), found, rtol=1e-4, atol=1e-5)


def test_features_of_inception(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    network = Inception().eval()
    path = tmp_path / "downloads" / "inception" / "weights.pth"
    path.parent.mkdir(parents=True)
    torch.save(network.state_dict(), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    source = load_sources().sources["inception"]
    files = (File("weights.pth", source.files[0].url, path.stat().st_size, sha256),)
    known = Sources({"inception": replace(source, files=files)}, {})
    monkeypatch.setattr(rooms, "load_sources", lambda: known)
    pictures = torch.rand(2, 3, 40, 30, generator=torch.Generator().manual_seed(0))
    found = inception_features()(pictures)
    assert found.shape == (2, 2048) and not found.requires_grad
    torch.testing.assert_close(found, network(pictures).detach())


def test_inception_where_it_is_missing_or_damaged(monkeypatch, tmp_path):
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="fice models fetch inception"):
        inception_features()
    source = load_sources().sources["inception"]
    source.folder.mkdir(parents=True)
    with source.path.open("wb") as file:
        file.truncate(source.size)
    with pytest.raises(WeightsError, match="damaged"):
        inception_features()
