"""Pictures from a photo and from pictures, on a tiny checkpoint; each has to be made again from its parameters alone."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from drawing import draw_product

from ecomgen.errors import InvalidRequest
from ecomgen.services.control import Control
from ecomgen.services.generation import Generation
from ecomgen.services.records import GenerationRequest, Picture

SHOWN = {"category": "belts", "colour": "red"}


@pytest.fixture(scope="module")
def control(generation: Generation) -> Control:
    return Control(generation)


def draw(generation: Generation, **changes: object) -> list[Picture]:
    request = {"prompt": "red running shoes", "count": 2, "seed": 5} | changes
    return list(generation.generate(GenerationRequest(**request)))  # type: ignore[arg-type]


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(picture.image)


def assert_made_again(generation: Generation, pictures: Iterable[Picture]) -> None:
    for picture in pictures:
        told = picture.parameters()
        told.pop("model_hash")
        (again,) = draw(generation, **{"count": 1, **told})
        np.testing.assert_array_equal(pixels(again), pixels(picture))
        assert again.parameters() == picture.parameters()


def test_a_photo_is_itself_until_it_is_edited(generation: Generation, control: Control) -> None:
    start = control.photo(draw_product("belts", "red"), SHOWN)
    same, varied = control.edit(start.recipe, SHOWN, count=2)
    np.testing.assert_array_equal(pixels(same), np.asarray(start.image))
    assert not np.array_equal(pixels(varied), pixels(same))
    (blue,) = control.edit(start.recipe, {**SHOWN, "colour": "navy blue", "audience": "women"})
    assert blue.attributes["colour"] is None  # this checkpoint has not learnt it
    (blue,) = control.edit(start.recipe, {**SHOWN, "colour": "blue"})
    assert not np.array_equal(pixels(blue), pixels(same))
    assert_made_again(generation, [same, varied, blue])
    (back,) = control.colours(blue, ["red"])
    assert np.abs(pixels(back).astype(int) - pixels(same)).mean() < 2


def test_an_unlike_photo_is_known_by_its_reconstruction(control: Control) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    from PIL import Image

    assert control.photo(Image.fromarray(noise), {}).unlike


def test_other_colours_keep_noise_and_attributes(generation: Generation, control: Control) -> None:
    (made,) = draw(generation, count=1)
    strip = list(control.colours(made))
    assert [p.attributes["colour"] for p in strip] == ["black", "blue"]
    assert {p.seed for p in strip} == {5}
    assert {p.attributes["category"] for p in strip} == {"sports shoes"}
    np.testing.assert_array_equal(
        pixels(strip[1]), pixels(draw(generation, count=1, attributes={"colour": "blue"})[0])
    )
    assert_made_again(generation, strip)


def test_more_like_a_variation_starts_from_that_variation(generation: Generation, control: Control) -> None:
    (made,) = draw(generation, count=1)
    (other,) = control.vary(made, 1, 0.9, 3)
    near = list(control.vary(other, 3, 0.01, 1))
    towards = [np.abs(pixels(p).astype(float) - pixels(other)).mean() for p in near]
    away = np.abs(pixels(made).astype(float) - pixels(other)).mean()
    assert max(towards) < away
    assert len({p.latent for p in near}) == 3
    assert_made_again(generation, [other, *near])


def test_a_strip_begins_and_ends_with_the_two(generation: Generation, control: Control) -> None:
    first, last = draw(generation)[0], draw(generation, prompt="black belt", seed=9)[0]
    strip = list(control.between(first, last, 5))
    np.testing.assert_array_equal(pixels(strip[0]), pixels(first))
    np.testing.assert_array_equal(pixels(strip[-1]), pixels(last))
    assert [p.attributes["category"] for p in strip] == ["sports shoes"] * 3 + ["belts"] * 2
    assert_made_again(generation, strip)
    again = list(control.between(strip[1], strip[3], 3))  # what was made can be used again
    assert_made_again(generation, again)


def test_a_mix_takes_the_look_and_keeps_the_rest(generation: Generation, control: Control) -> None:
    shape, look = draw(generation)[0], draw(generation, prompt="blue belt", seed=9)[0]
    (mixed,) = control.mix(shape, look)
    assert (mixed.attributes["category"], mixed.attributes["colour"]) == ("sports shoes", "blue")

    def off(picture: Picture) -> float:
        return float(np.abs(pixels(picture).mean((0, 1)) - pixels(look).mean((0, 1))).mean())

    assert off(mixed) < off(shape)
    assert_made_again(generation, [mixed])


def test_what_cannot_be_is_one_sentence(generation: Generation, control: Control) -> None:
    (made,) = draw(generation, count=1)
    (foreign,) = draw(generation, count=1, model="other")
    start = control.photo(draw_product("belts", "red"), SHOWN)
    for call, message in (
        (lambda: control.mix(made, foreign), "different checkpoints"),
        (lambda: control.between(made, made, 2), "3 or more"),
        (lambda: control.between(made, made, 10_000), "number of pictures"),
        (lambda: control.colours(made, ["loud"]), "not a known colour"),
        (lambda: control.colours(made, ["purple"]), "has not learnt purple"),
        (lambda: control.vary(made, 2, 0, 1), "variation"),
        (lambda: control.vary(replace(made, model_hash="old"), 2, 0.5, 1), "earlier checkpoint"),
        (lambda: control.edit(start.recipe, {"category": "dresses"}), "has not learnt dresses"),
        (lambda: draw(generation, count=1, latent="AAAAAAAA"), "not one of this checkpoint's"),
        (lambda: draw(generation, count=1, latent="no base64!"), "cannot be read"),
        (lambda: draw(generation, count=1, latent="A" * 10_000), "cannot be read"),
        (lambda: draw(generation, count=1, origin="magic"), "origin"),
        (lambda: draw(generation, count=2, latent=start.recipe.latent), "one picture"),
    ):
        with pytest.raises(InvalidRequest, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
