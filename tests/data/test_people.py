"""People in photos, by the colour of skin, on figures drawn by the test."""

import numpy as np
import pytest
from drawing import CATEGORIES, COLOURS, draw_person, draw_product
from PIL import Image

from ecomgen.data.people import may_show_person


@pytest.mark.parametrize("skin", ["#f1c9a5", "#e0ac69", "#c68642", "#a56b46"])
def test_a_person_is_seen(skin):
    assert may_show_person(draw_person(skin)) is True


@pytest.mark.parametrize("category", CATEGORIES)
def test_products_are_no_people(category):
    for colour in {*COLOURS, "white"} - {"yellow"}:  # gold is the colour of some skins
        assert not may_show_person(draw_product(category, colour, (180, 240)))


@pytest.mark.parametrize("background", ["#c9986a", "#303030", "#e8c8b0"])
def test_before_other_backgrounds_nothing_is_said(background):
    assert may_show_person(draw_person("#e0ac69", background)) is None
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8))
    assert may_show_person(noise) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2000, 3)])
def test_any_size_will_do(size):
    assert not may_show_person(Image.new("RGB", size, "white"))
