"""Critics on features, and the people drawn for them."""

from __future__ import annotations

import pytest
import torch

from fice.training.critics import FINEST, ROWS, SQUARE, ProjectedDiscriminator, critics_loss, fooling_loss, judged
from fice.training.recipes.generator import Distribution


def test_hinge_losses_by_hand():
    real, fake = [torch.tensor([2.0, 0.0])], [torch.tensor([-3.0, 0.5])]
    assert critics_loss(real, fake).item() == pytest.approx((0 + 1) / 2 + (0 + 1.5) / 2)
    assert fooling_loss(fake).item() == pytest.approx(1.25)


def test_critics_learn_to_tell_two_textures_apart():
    torch.manual_seed(0)
    critics = ProjectedDiscriminator([4, 6])
    optimiser = torch.optim.Adam(critics.parameters(), lr=2e-3, betas=(0.0, 0.99))
    smooth = lambda: [torch.randn(8, c, 1, 1).expand(-1, -1, n, n) for c, n in ((4, 16), (6, 8))]  # noqa: E731
    rough = lambda: [torch.randn(8, c, n, n) for c, n in ((4, 16), (6, 8))]  # noqa: E731
    for _ in range(150):
        loss = critics_loss(critics(rough()), critics(smooth()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all((r.mean() > s.mean() + 0.5).item() for r, s in zip(critics(rough()), critics(smooth()), strict=True))


def test_small_pictures_are_judged_enlarged_and_large_ones_as_they_are():
    seen = []

    class Maps:
        def features(self, pictures):
            seen.append(pictures)
            return [pictures] * 3

    small, large = torch.rand(1, 3, ROWS // 2, ROWS // 4), torch.rand(1, 3, ROWS, ROWS // 2)
    colours, *maps = judged(Maps(), small)
    assert len(maps) == 3 - FINEST and colours.shape[1:] == (3, ROWS // SQUARE, ROWS // 2 // SQUARE)
    assert colours.mean().item() == pytest.approx(2 * small.mean().item() - 1, abs=1e-2)
    judged(Maps(), large)
    assert seen[0].shape == large.shape and seen[0].mean().item() == pytest.approx(small.mean().item(), abs=1e-3)
    assert seen[1] is large


def test_detail_finer_than_the_rows_is_not_seen():
    class Maps:
        def features(self, pictures):
            return [pictures] * 3

    checks = (torch.arange(ROWS)[:, None] + torch.arange(ROWS // 2)) % 2
    fine = checks.float().expand(1, 3, -1, -1)
    coarse = torch.linspace(0, 1, ROWS // 2).expand(1, 3, ROWS, -1)
    blurred, kept = (judged(Maps(), picture, ROWS // 2)[1][..., 8:-8, 8:-8] for picture in (fine, coarse))
    assert (blurred - 0.5).abs().max() < 0.05
    torch.testing.assert_close(kept, coarse[..., 8:-8, 8:-8], rtol=0, atol=0.01)
    assert judged(Maps(), torch.rand(1, 3, ROWS, ROWS // 2), 193)[1].shape == (1, 3, ROWS, ROWS // 2)


def test_gradients_of_tiny_maps_are_finite():
    torch.manual_seed(0)
    critics = ProjectedDiscriminator([192])
    real, fake = [torch.randn(4, 192, 1, 1)], [torch.randn(5, 192, 1, 1)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = critics_loss(critics(real), critics(fake))
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in critics.parameters())


def test_drawn_people_have_the_mean_and_the_deviations_of_the_last_ones():
    chance = torch.Generator().manual_seed(0)
    people = Distribution(3, last=512)
    assert len(people.draw(4, chance)) == 0  # nobody is known yet
    people.remember(torch.full((512, 3), 100.0))  # forgotten again
    scale, mean = torch.tensor([1.0, 2.0, 0.1]), torch.tensor([0.0, 5.0, -1.0])
    people.remember(torch.randn(512, 3, generator=chance) * scale + mean)
    drawn = people.draw(4000, chance)
    torch.testing.assert_close(drawn.mean(0), people.kept.mean(0), rtol=0, atol=0.1)
    torch.testing.assert_close(drawn.std(0), people.kept.std(0), rtol=0.1, atol=0)


def test_the_projections_are_never_trained():
    discriminator = ProjectedDiscriminator([4, 6])
    trained = {name for name, _ in discriminator.named_parameters()}
    assert all(name.startswith("heads.") for name in trained)
    assert {"across.0.weight", "down.0.weight"} <= discriminator.state_dict().keys() - trained


def test_what_the_coarse_map_shows_reaches_the_fine_head():
    torch.manual_seed(0)
    discriminator = ProjectedDiscriminator([4, 6]).eval()
    fine, coarse = torch.randn(1, 4, 16, 8), torch.randn(1, 6, 8, 4)
    logits, others = discriminator([fine, coarse]), discriminator([fine, coarse + 1])
    assert [tuple(each.shape[2:]) for each in logits] == [(8, 4), (8, 4)]
    assert not torch.allclose(logits[0], others[0]) and not torch.allclose(logits[1], others[1])
    assert torch.equal(logits[1], discriminator([fine + 1, coarse])[1])  # and not the other way
