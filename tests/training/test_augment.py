"""Random views: same shape and range, colours that stay recognisable, nothing from outside the picture."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomgen.training.augment import AugmentConfig, augment, change_light, crop, turn


@settings(max_examples=25, deadline=None)
@given(area=st.floats(0.05, 1), light=st.floats(0, 0.9), hue=st.floats(0, 0.5), seed=st.integers(0, 999))
def test_views_keep_shape_and_range(area: float, light: float, hue: float, seed: int) -> None:
    torch.manual_seed(seed)
    pictures = torch.rand(3, 3, 16, 16) * 2 - 1
    views = augment(pictures, AugmentConfig(area, light, hue))
    assert views.shape == pictures.shape
    assert torch.isfinite(views).all()
    assert views.abs().max() <= 1 + 1e-5


def test_light_of_no_strength_changes_nothing() -> None:
    pictures = torch.rand(8, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(change_light(pictures, 0.0, 0.0), pictures, atol=1e-5, rtol=0)


def test_half_of_the_views_are_mirrored() -> None:
    torch.manual_seed(0)
    left = torch.linspace(-1, 1, 16).expand(400, 3, 16, 16)
    mirrored = crop(left, 0.5)[:, 0, 8].diff(dim=1).mean(1) < 0
    assert 0.4 < mirrored.float().mean() < 0.6


def test_a_crop_of_one_colour_is_that_colour() -> None:
    pictures = torch.tensor([0.8, -0.4, 0.1]).view(1, 3, 1, 1).expand(4, 3, 16, 16)
    torch.testing.assert_close(crop(pictures, 0.1), pictures, atol=1e-5, rtol=0)


def test_every_picture_is_changed_by_itself() -> None:
    torch.manual_seed(0)
    pictures = (torch.rand(1, 3, 16, 16) * 2 - 1).expand(6, 3, 16, 16)
    views = augment(pictures, AugmentConfig(0.4, 0.4, 0.0)).flatten(1)
    assert torch.pdist(views).min() > 0.1


def test_turning_colours_keeps_grey_and_goes_round() -> None:
    third = turn(torch.tensor([2 * torch.pi / 3]))[0]
    torch.testing.assert_close(third @ torch.ones(3), torch.ones(3))
    torch.testing.assert_close(
        third @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(third @ third @ third, torch.eye(3), atol=1e-5, rtol=0)
