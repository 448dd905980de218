"""Growing: the same pictures from a wider, larger network, and no shrinking."""

from dataclasses import replace

import pytest
import torch

from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.synthesis import Synthesis, resized
from ecomgen.training.growing import grow

SMALL = GeneratorConfig(channels=(16, 16, 8), base=8, w_dim=12)
LARGER = replace(SMALL, channels=(16, 16, 12, 8))


def drawing(config: GeneratorConfig, seed: int) -> Synthesis:
    torch.manual_seed(seed)
    synthesis = Synthesis(config).eval()
    torch.nn.init.normal_(synthesis.to_rgb[-1].weight)
    return synthesis


def test_a_wider_network_draws_the_same_pictures() -> None:
    small, large = drawing(SMALL, 0), drawing(replace(SMALL, channels=(16, 16, 12)), 1)
    grow(small, large)
    w = torch.randn(3, 12)
    torch.testing.assert_close(large(w), small(w), rtol=1e-4, atol=1e-4)


def test_a_larger_network_starts_with_the_pictures_of_the_smaller_one_enlarged() -> None:
    small, large = drawing(SMALL, 0), drawing(LARGER, 1)
    grow(small, large)
    w = torch.randn(3, 12)
    torch.testing.assert_close(large(w), resized(small(w), 32), rtol=1e-4, atol=1e-4)


def test_what_is_new_can_learn() -> None:
    small, large = drawing(SMALL, 0), drawing(LARGER, 1)
    grow(small, large)
    large(torch.randn(3, 12)).square().mean().backward()
    for layer in large.to_rgb:
        assert layer.weight.grad is not None
        assert layer.weight.grad[:, 4:].abs().max() > 0


def test_a_network_does_not_shrink() -> None:
    with pytest.raises(RuntimeError, match="cannot shrink"):
        grow(drawing(replace(SMALL, channels=(16, 16, 12)), 0), drawing(SMALL, 1))
