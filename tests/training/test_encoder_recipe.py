"""The recipe of an encoder for a generator that stays as it is."""

from __future__ import annotations

import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.inversion.encoder import correct, misfit
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training.recipe import Run, train
from fice.training.recipes.encoder import EncoderTrainer, beginning

PICTURES = torch.rand(4, 3, 128, 64, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    made = Generator(
        z_dim=8, w_dim=8, img_resolution=128, square=False, synthesis_kwargs={"channel_base": 512, "channel_max": 8}
    )
    return made.eval().requires_grad_(False)


@pytest.fixture
def bundle(generator, tmp_path):
    """A run with an encoder that does not descend."""
    torch.manual_seed(1)
    shape = {"canvas": generator.canvas, "num_ws": generator.num_ws, "w_dim": 8, "passes": 2}
    save_part(tmp_path / "run", "encoder", ReStyle(**shape), "restyle", shape)
    return load_bundle(tmp_path / "run")


def test_a_bundles_encoder_is_gone_on_from(bundle, generator):
    encoder, shape = beginning(bundle, generator, 3)
    assert encoder.follows_gradient and encoder.passes == shape["passes"] == 3
    state = encoder.state_dict()
    for name, value in bundle.part("encoder").state_dict().items():
        assert torch.equal(state[name], value), name


def test_one_for_another_generator_lends_what_fits(bundle):
    other = Generator(
        z_dim=8, w_dim=16, img_resolution=128, square=False, synthesis_kwargs={"channel_base": 512, "channel_max": 8}
    )
    other.mapping.w_avg.fill_(0.5)
    encoder, _ = beginning(bundle, other, 2)
    assert torch.equal(encoder.stem[0].weight, bundle.part("encoder").stem[0].weight)
    assert encoder.w_dim == 16 and (encoder.w_avg == 0.5).all()


def test_it_learns_resumes_and_leaves_the_generator_alone(bundle, generator, tmp_path):
    encoder, _ = beginning(bundle, generator, 2)
    misses = lambda network: misfit(  # noqa: E731
        generator.synthesis(ws := correct(network, generator, PICTURES, 2)) * 0.5 + 0.5, ws, PICTURES
    ).mean()
    before, untouched = misses(encoder.eval()), {k: v.clone() for k, v in generator.state_dict().items()}
    side, run = EncoderTrainer(encoder, generator, 1e-3), Run(tmp_path / "run.safetensors", minutes=0.08)
    train(side, lambda _: PICTURES, run)
    learnt = side.average.module
    assert misses(learnt) < before
    assert all(torch.equal(value, untouched[name]) for name, value in generator.state_dict().items())
    again, _ = beginning(bundle, generator, 2)
    rest = EncoderTrainer(again, generator, 1e-3)
    train(rest, lambda _: pytest.fail("the time is spent"), run)
    kept = rest.average.module
    assert all(torch.equal(a, b) for a, b in zip(kept.state_dict().values(), learnt.state_dict().values(), strict=True))
