"""Growing: the same pictures from a wider, larger network, and no shrinking."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from ecomgen.models.layers import smooth, without_lattice
from ecomgen.models.stylegan import GeneratorConfig, Synthesis
from ecomgen.training.growing import grow

SMALL = GeneratorConfig(channels=(16, 16, 8), w_dim=12)


def drawing(config: GeneratorConfig, seed: int) -> Synthesis:
    torch.manual_seed(seed)
    synthesis = Synthesis(config).eval()
    torch.nn.init.normal_(synthesis.to_rgb.weight)
    return synthesis


def test_a_wider_network_draws_the_same_pictures() -> None:
    small, large = drawing(SMALL, 0), drawing(replace(SMALL, channels=(16, 16, 12)), 1)
    grow(small, large)
    w = torch.randn(3, 12)
    torch.testing.assert_close(large(w), small(w), rtol=1e-4, atol=1e-4)


def test_unfolded_pixels_start_as_the_pixel_that_they_were() -> None:
    small, large = drawing(SMALL, 0), drawing(replace(SMALL, unfold=2), 1)
    for each in (small, large):
        torch.nn.init.zeros_(
            each.base.weight
        )  # the base is smoothed when it is enlarged; this is about what is drawn over it
    grow(small, large)
    w = torch.randn(3, 12)
    assert large(w).shape == (3, 3, 32, 32)
    alike = F.interpolate(without_lattice(small(w)), scale_factor=2, mode="nearest")
    torch.testing.assert_close(large(w), smooth(alike), rtol=1e-4, atol=1e-4)


def test_what_is_new_can_learn() -> None:
    small, large = drawing(SMALL, 0), drawing(replace(SMALL, channels=(16, 16, 12), unfold=2), 1)
    grow(small, large)
    large(torch.randn(3, 12)).square().mean().backward()
    new = large.to_rgb.weight.grad
    assert new is not None
    assert new[:, 8:].abs().max() > 0


def test_a_network_does_not_shrink() -> None:
    with pytest.raises(RuntimeError, match="cannot shrink"):
        grow(drawing(replace(SMALL, channels=(16, 16, 12)), 0), drawing(SMALL, 1))
