"""How far the edits of a run, all together, are from real pictures: Fréchet and kernel distance of features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit
from torch import Tensor

from fice.errors import WeightsError
from fice.evaluation.intervals import FEW, LEAST, bootstrap
from fice.evaluation.measures import Unmeasurable
from fice.evaluation.study import Estimate
from fice.language.clip import Semantics
from fice.models.fetch import fetch, load_sources

Array = NDArray[np.float64]

AT_ONCE = 1 << 22  # numbers of the kernel that are kept at once: 32 MB


@dataclass(frozen=True)
class Features:
    """A network that turns pictures into vectors.

    Attributes:
        name: of the network.
        trained_on: the data, in a few words.
        look: pictures (B, 3, H, W) in [0, 1] on `device` -> (B, D).
        device: where the network is.
        batch: pictures that are looked at together.
    """

    name: str
    trained_on: str
    look: Callable[[Tensor], Tensor]
    device: torch.device = torch.device("cpu")
    batch: int = 64

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, D) float32 on the CPU."""
        return torch.cat([self.look(part.to(self.device)).float().cpu() for part in pictures.split(self.batch)])


def clip_features(semantics: Semantics, name: str, trained_on: str) -> Features:
    """What a CLIP sees in pictures: vectors of length one."""
    return Features(name, trained_on, semantics.encode_picture, next(semantics.network.parameters()).device)


def inception_features(device: str | torch.device = "cpu") -> Features:
    """The 2,048 features that published Fréchet Inception Distances are measured with.

    Raises WeightsError where the weights were not fetched or are damaged.
    """
    from fice.checkpoints.inception import load_inception

    source = load_sources().sources["inception"]
    if not source.installed():
        raise WeightsError(
            "The weights of Inception v3 are missing: run fice models fetch inception, or choose other features."
        )
    network = load_inception(fetch(source, offline=True)).to(device)
    return Features("Inception v3", "ImageNet", network, torch.device(device), batch=16)


def frechet(first: ArrayLike, second: ArrayLike) -> float:
    """Squared Fréchet distance of two sets of features (N, D) and (M, D), seen as Gaussians (arXiv 1706.08500, eq. 6).

    |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½). With factors C = F'F the last trace is the sum of the singular values of
    F1 F2', which is real and exact also where there are fewer pictures than features and the covariances are singular.
    Raises Unmeasurable for fewer than two pictures and for features that are no numbers.
    """
    one, two = _sets(first, second)
    f1, f2 = _factor(one), _factor(two)
    cross = np.linalg.svd(f1 @ f2.T, compute_uv=False).sum()
    return float(np.square(one.mean(0) - two.mean(0)).sum() + np.square(f1).sum() + np.square(f2).sum() - 2 * cross)


def kernel(first: ArrayLike, second: ArrayLike) -> float:
    """Kernel distance of two sets of features (N, D) and (M, D): unbiased, so it may be negative (arXiv 1801.01401).

    The maximum mean discrepancy squared under (x·y/D + 1)³, over all pictures rather than over subsets of them. Raises
    Unmeasurable as `frechet`.
    """
    one, two = _sets(first, second)
    return _within(one) + _within(two) - 2 * float(_sums(one, two, np.ones(len(two))).sum()) / (len(one) * len(two))


def realism(
    edited: ArrayLike,
    real: ArrayLike,
    groups: Sequence[str],
    resamples: int = 2000,
    seed: int = 0,
    origins: Sequence[str] = (),
) -> dict[str, Estimate]:
    """Fréchet ("frechet") and kernel distance ("kernel") of a run, with 95 % intervals over the photographs behind it.

    The intervals are for the distance that as many edits have on average, to these very real pictures. The kernel
    distance leaves out pairs that show one photograph, which are alike for no merit: two edits of it and, with
    `origins`, an edit and itself (Gretton et al. 2012, JMLR 13, eq. 4). So it is zero where nothing was changed, and
    it is `kernel` where each photograph has one edit and is not among the real ones.

    Args:
        edited: (N, D), features of the edits.
        real: (M, D), features of real pictures.
        groups: the source photograph of each edit.
        resamples, seed: of the bootstrap behind the interval of "kernel".
        origins: of each real picture its photograph, where some may be among `groups`.
    """
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    belongs = (member[:, None] == np.arange(len(names))).astype(float)  # (N, G)
    shown = (np.asarray(origins, dtype=str)[:, None] == names).astype(float) if len(origins) else None  # (M, G)
    found = {}
    try:
        one, two = _sets(edited, real)
        found["frechet"] = _frechet_estimate(one, two, belongs)
        found["kernel"] = _kernel_estimate(one, two, belongs, shown, resamples, seed)
    except Unmeasurable as error:
        nothing = Estimate(None, None, None, len(groups), str(error))
        found = {"frechet": nothing, "kernel": nothing} | found
    return found


def _frechet_estimate(one: Array, two: Array, belongs: Array) -> Estimate:
    """An interval by the infinitesimal jackknife: pictures drawn twice would shrink the covariance, as in a bootstrap.

    In simulations with 20 to 60 edits it covers 92 to 98 %, the percentile bootstrap 0 to 89 %, its pivot 2 to 56 %.
    """
    distance, groups, remarks = frechet(one, two), belongs.shape[1], []
    if min(len(one), len(two)) <= one.shape[1]:
        remarks.append(
            f"{len(one)} edits and {len(two)} real pictures for {one.shape[1]} features: biased upward, so compare runs"
            " of equal size only"
        )
    low = high = None
    if groups < LEAST:
        remarks.append(FEW)
    else:
        pulls = influences(one, two) @ belongs / len(one)
        half = stdtrit(groups - 1, 0.975) * np.sqrt(groups / (groups - 1) * np.square(pulls).sum())
        low, high = max(0.0, float(distance - half)), float(distance + half)
    return Estimate(distance, low, high, len(one), "; ".join(remarks))


def influences(one: Array, two: Array) -> Array:
    """(N,): how the Fréchet distance grows with the share of each picture of the first set; they add up to zero.

    The derivative of `frechet` in the weight of a picture (Efron 1982, The Jackknife, chapter 6), times N.
    """
    count, move = len(one), one.mean(0) - two.mean(0)
    centred = one - one.mean(0)
    left, sizes, _ = np.linalg.svd(centred @ _factor(two).T / np.sqrt(count - 1), full_matrices=False)
    spread = np.square(centred).sum(1) * count / (count - 1)
    shared = np.square(left) @ sizes * count
    return 2 * centred @ move + (spread - spread.mean()) - (shared - shared.mean())


def _kernel_estimate(
    one: Array, two: Array, belongs: Array, shown: Array | None, resamples: int, seed: int
) -> Estimate:
    """A percentile bootstrap in which a photograph drawn twice is not paired with itself either.

    In simulations with 5 to 40 photographs it covers 93 to 100 %, with three 71 %.
    """
    groups = belongs.shape[1]
    alike, across = belongs.T @ _sums(one, one, belongs), _sums(one, two, np.ones(len(two)))
    sizes, many = belongs.sum(0), np.full(len(one), float(len(two)))
    pairs = np.outer(sizes, sizes)
    if shown is not None:
        across -= (_sums(one, two, shown) * belongs).sum(1)
        many -= belongs @ shown.sum(0)
    for table in (alike, pairs):
        np.fill_diagonal(table, 0)
    across, many = across @ belongs, many @ belongs  # (G,)

    def distances(counts: Array) -> Array:
        inside = ((counts @ alike) * counts).sum(1) / ((counts @ pairs) * counts).sum(1)
        return inside + _within(two) - 2 * (counts @ across) / (counts @ many)

    if groups < 2 or not many.any():
        raise Unmeasurable("one photograph alone has no distance to others")
    distance = float(distances(np.ones((1, groups)))[0])
    if groups < LEAST:
        return Estimate(distance, None, None, len(one), FEW)

    def drawn_again(drawn: NDArray[np.int64]) -> Array:
        counts = np.zeros(drawn.shape)
        np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1)
        several = ((counts > 0).sum(1) > 1) & (counts @ many > 0)
        found = np.full(len(drawn), np.nan)
        found[several] = distances(counts[several])
        return found

    return Estimate(distance, *bootstrap(drawn_again, groups, resamples, seed), len(one))


def _sets(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(len(one), len(two)) < 2:
        raise Unmeasurable(f"two pictures of each kind at least are needed, not {len(one)} and {len(two)}")
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise Unmeasurable("the features of a picture are no numbers")
    return one, two


def _factor(features: Array) -> Array:
    """F with F'F the covariance, as small as it can be: (min(N, D), D)."""
    centred = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return centred if len(centred) <= centred.shape[1] else np.linalg.qr(centred).R


def _kernel(first: Array, second: Array) -> Array:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _sums(first: Array, second: Array, weights: Array) -> Array:
    """(N, G): the kernel of each picture with all of the second set, summed with each of the weights (M, G)."""
    pieces = np.array_split(first, -(-len(first) * len(second) // AT_ONCE))
    return np.concatenate([_kernel(piece, second) @ weights for piece in pieces])


def _within(features: Array) -> float:
    """The mean of the kernel over all pairs of different pictures of one set."""
    count = len(features)
    own = (np.square(features).sum(1) / features.shape[1] + 1) ** 3
    return float(_sums(features, features, np.ones(count)).sum() - own.sum()) / (count * (count - 1))
