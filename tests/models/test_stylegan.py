"""The generator: shapes, StyleGAN2's modulation against a plain reference, conditions of any size."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from ecomgen.errors import ConfigError
from ecomgen.models.condition import Condition, Vocabulary
from ecomgen.models.layers import ModulatedConv, activate, smooth
from ecomgen.models.mapping import FlowMapping
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator

TINY = GeneratorConfig(
    channels=(16, 16, 8), w_dim=12, text_dim=8, cond_dim=10, mapping_width=16, mapping_layers=2, steps=3
)

ASKED = (torch.randn(1, 5, 8), torch.randn(1, 5, 8), torch.tensor([[True, True, False, True, False]]))


def test_draws_pictures_of_the_configured_size() -> None:
    generator = Generator(TINY)
    assert TINY.size == 16
    assert generator(torch.randn(2, 12), generator.schedule(*ASKED)).shape == (2, 3, 16, 16)


def test_every_resolution_above_the_base_adds_to_the_picture() -> None:
    config = replace(TINY, channels=(16, 16, 8, 8), base=8)
    synthesis, w = Generator(config).synthesis, torch.randn(2, 12)
    assert (config.size, config.base_size, len(synthesis.to_rgb)) == (32, 8, 2)
    plain = synthesis(w)
    assert plain.shape == (2, 3, 32, 32)
    for layer in synthesis.to_rgb:
        before = synthesis(w)
        torch.nn.init.normal_(layer.weight)
        assert not torch.allclose(synthesis(w), before)


def test_the_part_up_to_a_size_has_its_shape() -> None:
    assert replace(TINY, channels=(16, 16, 8, 4)).up_to(16) == TINY


def test_a_folded_network_draws_four_pixels_from_each_place_of_its_last_block() -> None:
    config = replace(TINY, channels=(16, 16, 8), base=8, folded=True)
    synthesis, w = Generator(config).synthesis.eval(), torch.randn(2, 12)
    assert config.size == 32
    assert not config.up_to(16).folded
    plain = synthesis(w)
    assert plain.shape == (2, 3, 32, 32)
    synthesis.unfold.bias.data[:4] = torch.tensor([1.0, 2.0, 3.0, 4.0])  # of the red of the four
    with torch.no_grad():
        red, others = (synthesis(w) - plain).split([1, 2], 1)
    torch.testing.assert_close(red[:, 0, :2, :2], torch.tensor([[[1.0, 2.0], [3.0, 4.0]]] * 2))
    assert others.abs().max() < 1e-6


def test_a_base_picture_leaves_a_folded_network_something_to_draw() -> None:
    with pytest.raises(ConfigError, match="folded"):
        GeneratorConfig(channels=(8, 8), base=16, folded=True)


def test_shapes_that_cannot_be_shuffled_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiples of 4"):
        GeneratorConfig(channels=(10, 8))
    with pytest.raises(ConfigError, match="two channels at least"):
        GeneratorConfig(channels=(16,))


def test_modulated_convolution_equals_stylegan2s_grouped_one() -> None:
    layer = ModulatedConv(6, 5, 4)
    with torch.no_grad():
        layer.bias.normal_()
    x, w = torch.randn(3, 6, 7, 7), torch.randn(3, 4)
    style = layer.style(w)
    weight = layer.weight[None] * style[:, None, :, None, None]  # eq. 1
    weight = weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()  # eq. 3
    grouped = F.conv2d(x.reshape(1, 18, 7, 7), weight.reshape(15, 6, 3, 3), padding=1, groups=3)
    expected = activate(grouped.view(3, 5, 7, 7) + layer.bias[None, :, None, None])
    torch.testing.assert_close(layer(x, w), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("demodulate", [True, False])
def test_scaling_the_weights_for_one_large_picture_changes_nothing(demodulate: bool) -> None:
    layer = ModulatedConv(6, 5, 4, demodulate=demodulate).eval()
    with torch.no_grad():
        layer.bias.normal_()
    x, w = torch.randn(2, 6, 9, 9), torch.randn(2, 4)
    assert x[0].numel() >= layer.weight.numel()
    with torch.no_grad():
        one_by_one = torch.cat([layer(x[:1], w[:1]), layer(x[1:], w[1:])])
    torch.testing.assert_close(one_by_one, layer(x, w), rtol=1e-4, atol=1e-5)


def test_pictures_are_the_same_drawn_one_by_one_and_together() -> None:
    synthesis = Generator(replace(TINY, channels=(16, 16, 8, 8), base=8)).synthesis.eval()
    for layer in synthesis.to_rgb:
        torch.nn.init.normal_(layer.weight)
    w = torch.randn(3, 12)
    together = synthesis(w)
    with torch.no_grad():
        one_by_one = synthesis(w)
    torch.testing.assert_close(one_by_one, together, rtol=1e-4, atol=1e-4)


def test_a_changed_weight_is_seen_although_its_energy_is_kept() -> None:
    layer, x, w = ModulatedConv(6, 5, 4).eval(), torch.randn(1, 6, 7, 7), torch.randn(1, 4)
    with torch.no_grad():
        layer(x, w)
        layer.weight.add_(torch.randn_like(layer.weight))
        kept = layer(x, w)
    torch.testing.assert_close(kept, layer.train()(x, w))


def test_flow_integrates_a_known_field() -> None:
    """With the velocity held at (target - z), any number of steps has to land on the target."""
    mapping = FlowMapping(TINY)
    z, target = torch.randn(4, 12), torch.randn(4, 12)
    mapping.velocity = lambda x, moment: target - z  # type: ignore[method-assign]
    mapping.mean.fill_(1.0)
    mapping.std.fill_(2.0)
    mapping.scale.fill_(4.0)
    landed = mapping(z, mapping.schedule(torch.randn(4, 10)))
    torch.testing.assert_close(landed, target / 4 * 2 + 1)
    torch.testing.assert_close(mapping.normalise(landed), target)


def test_an_untrained_mapping_draws_from_the_gaussian_of_its_latents() -> None:
    mapping = FlowMapping(replace(TINY, steps=100))
    mapping.mean.normal_()
    mapping.std.uniform_(0.5, 2.0)
    mapping.scale.uniform_(0.2, 3.0)
    z = torch.randn(4, 12)
    landed = mapping(z, mapping.schedule(torch.randn(4, 10)))
    torch.testing.assert_close(landed, mapping.mean + mapping.std * z, rtol=1e-2, atol=1e-2)


@torch.no_grad()
def test_guidance_goes_from_anything_past_what_was_asked() -> None:
    mapping = FlowMapping(TINY)
    mapping.leave.reset_parameters()
    x, c, nothing = torch.randn(4, 12), torch.randn(1, 10), torch.randn(1, 10)

    def field(*conditions: torch.Tensor) -> torch.Tensor:
        return mapping._guided(x, mapping.schedule(*conditions)[2])

    torch.testing.assert_close(
        field(c, nothing), field(nothing) + TINY.guidance * (field(c) - field(nothing))
    )


def test_psi_zero_leaves_no_variety() -> None:
    generator = Generator(TINY)
    pictures = generator(torch.randn(3, 12), generator.schedule(*ASKED), psi=0.0)
    torch.testing.assert_close(pictures[0], pictures[1])


def test_condition_takes_any_number_of_attributes_and_ignores_their_order() -> None:
    condition = Condition(TINY)
    names, values = torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    known = torch.tensor([[True] * 5, [False, True, True, False, True]])
    order = torch.tensor([3, 0, 4, 1, 2])
    c = condition(names, values, known)
    torch.testing.assert_close(
        c, condition(names[:, order], values[:, order], known[:, order]), rtol=1e-4, atol=1e-5
    )
    assert condition(names[:, :2], values[:, :2], known[:, :2]).shape == c.shape


def test_an_unspecified_value_is_not_seen() -> None:
    condition = Condition(TINY)
    names, known = torch.randn(1, 2, 8), torch.tensor([[True, False]])
    values = torch.randn(1, 2, 8)
    other = values.clone()
    other[:, 1] += 5
    torch.testing.assert_close(condition(names, values, known), condition(names, other, known))
    assert not torch.allclose(condition(names, values, known), condition(names, other, ~known))


def test_vocabulary_finds_its_rows() -> None:
    vocabulary = Vocabulary({"category": ("bags", "shoes"), "colour": ("red",)}, 4)
    vocabulary.value.copy_(torch.arange(12.0).view(3, 4))
    names, values, known = vocabulary.lookup(
        [{"category": "shoes"}, {"colour": "red", "category": "hats"}, {}]
    )
    assert names.shape == values.shape == (3, 2, 4)
    assert known.tolist() == [[True, False], [False, True], [False, False]]
    assert values[0, 0].tolist() == [4.0, 5.0, 6.0, 7.0]
    assert values[1, 1].tolist() == [8.0, 9.0, 10.0, 11.0]


def test_smoothing_weighs_neighbours_1_2_1_and_takes_lattices_away() -> None:
    x = torch.randn(2, 3, 6, 7)
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    expected = F.conv2d(padded, (kernel[:, None] * kernel).expand(3, 1, 3, 3), groups=3)
    torch.testing.assert_close(smooth(x), expected)
    lattice = ((-1) ** torch.arange(8.0)).expand(1, 1, 8, 8)
    assert smooth(lattice)[..., 1:-1].abs().max() < 1e-6


@torch.no_grad()
def test_the_mapping_is_inverted_under_guidance() -> None:
    generator = Generator(replace(TINY, steps=6))
    generator.mapping.leave.reset_parameters()
    generator.mapping.leave.weight.mul_(0.1)
    generator.mapping.std.uniform_(0.5, 2.0)
    z, schedule = torch.randn(4, 12), generator.schedule(*ASKED)
    w = generator.mapping(z, schedule)
    torch.testing.assert_close(generator.mapping.invert(w, schedule, 30), z, rtol=1e-3, atol=1e-3)
