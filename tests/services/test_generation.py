"""The door to the generator, on a tiny checkpoint with random weights and the bundled text encoder."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tiny import tiny_checkpoint

from ecomgen import Studio
from ecomgen.errors import CheckpointError, EcomgenError, InvalidRequest
from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.generation import Generation
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.settings import Settings


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(picture.image)


def draw(generation: Generation, **changes: object) -> list[Picture]:
    request = {"prompt": "red running shoes", "count": 2, "seed": 5} | changes
    return list(generation.generate(GenerationRequest(**request)))  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_pixels_whatever_the_count(generation: Generation) -> None:
    eight = draw(generation, count=8)
    one = draw(generation, count=1, seed=8)
    assert [p.seed for p in eight] == list(range(5, 13))
    np.testing.assert_array_equal(pixels(eight[3]), pixels(one[0]))
    assert not np.array_equal(pixels(eight[0]), pixels(eight[1]))


def test_pictures_carry_what_they_show(generation: Generation) -> None:
    picture = draw(generation)[0]
    assert picture.image.size == (16, 16)
    assert picture.attributes["colour"] == "red"
    assert picture.attributes["category"] == "sports shoes"
    assert picture.attributes["audience"] is None
    assert picture.parameters()["model_hash"] == picture.model_hash
    assert "red running shoes" in picture.command()


def test_an_edit_wins_over_the_prompt(generation: Generation) -> None:
    edited = draw(generation, attributes={"colour": "navy", "audience": "ladies"})  # navy: not learnt here
    assert edited[0].attributes["colour"] is None
    assert edited[0].attributes["audience"] == "women"
    blue = draw(generation, attributes={"colour": "blue"})
    assert blue[0].attributes["colour"] == "blue"
    assert not np.array_equal(pixels(blue[0]), pixels(draw(generation)[0]))
    open_again = draw(generation, attributes={"colour": "unspecified"})
    assert open_again[0].attributes["colour"] is None


def test_attributes_alone_are_enough(generation: Generation) -> None:
    assert draw(generation, prompt="", attributes={"category": "belts"})[0].attributes["category"] == "belts"


def test_small_variations_stay_nearer(generation: Generation) -> None:
    base = pixels(draw(generation, count=1)[0]).astype(float)
    distances = []
    for variation in (0.05, 0.6):
        pictures = draw(generation, count=6, variation=variation, variation_seed=3)
        assert {p.seed for p in pictures} == {5}
        assert [p.variation_seed for p in pictures] == list(range(3, 9))
        distances.append(np.mean([np.abs(pixels(p) - base).mean() for p in pictures]))
    assert 0 < distances[0] < distances[1]


def test_a_variation_is_made_again_from_its_parameters(generation: Generation) -> None:
    third = draw(generation, count=3, variation=0.3, variation_seed=9)[2]
    again = draw(generation, count=1, seed=third.seed, variation=0.3, variation_seed=third.variation_seed)[0]
    np.testing.assert_array_equal(pixels(third), pixels(again))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "from 1 to"),
        ({"count": 10_000}, "from 1 to"),
        ({"seed": -1}, "seed has to be"),
        ({"seed": 2**63}, "seed has to be"),
        ({"psi": 1.5}, "psi"),
        ({"psi": float("nan")}, "psi"),
        ({"variation": -0.1}, "variation"),
        ({"variation_seed": 2**70}, "variation seed"),
        ({"prompt": ""}, "."),
        ({"prompt": "x" * 10_000}, "long"),
        ({"prompt": "\x00\x07"}, "."),
        ({"prompt": "👟👟👟"}, "."),
        ({"prompt": "حذاء أحمر"}, "."),
        ({"prompt": "asdf qwer zxcv"}, "Nothing in this prompt"),
        ({"attributes": {"wheels": "four"}}, "There is no attribute “wheels”"),
        ({"attributes": {"colour": "loud"}}, "“loud” is not a known colour"),
        ({"prompt": "blue dress"}, "has not learnt dresses; it knows: casual shoes"),
    ],
)
def test_bad_requests_are_one_sentence(
    generation: Generation, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        generation.generate(GenerationRequest(**({"prompt": "red shoes"} | changes)))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_prompt_breaks_it(generation: Generation, prompt: str) -> None:
    try:
        pictures = draw(generation, prompt=prompt, count=1)
    except EcomgenError as error:
        assert str(error).count("\n") == 0
    else:
        assert pictures[0].image.size == (16, 16)


@pytest.mark.parametrize("name", ["nowhere", "../tiny", "/etc", "", " ", "a" * 300, "text/../tiny"])
def test_unknown_checkpoints_are_refused(generation: Generation, name: str) -> None:
    if not name:
        assert draw(generation, model=name)[0].model == "tiny"  # empty is the default
        return
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        draw(generation, model=name)


def test_a_damaged_checkpoint_is_listed_with_its_problem_and_the_rest_works(tiny_settings: Settings) -> None:
    folder = tiny_settings.checkpoints / "broken"
    save_checkpoint(folder, tiny_checkpoint())
    (folder / "model.safetensors").write_bytes(b"no weights")
    generation = Generation(tiny_settings, AttributeReader(tiny_settings))
    with pytest.raises(CheckpointError, match="“broken” is damaged"):
        draw(generation, model="broken")
    assert draw(generation, model="other")[0].model == "other"
    (folder / "config.json").write_text("{")
    found = {m.name: m.problem for m in generation.models()}
    assert found["broken"]
    assert found["tiny"] is None
    assert "text" not in found
    assert generation.models()[0].name == "tiny"
    shutil.rmtree(folder)


def test_threads_share_it(generation: Generation) -> None:
    expected = pixels(draw(generation, count=1)[0])
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(pixels(draw(generation, count=1)[0])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(np.array_equal(result, expected) for result in results)


def test_studio_gives_pil_images_with_attributes(tiny_settings: Settings, tmp_path: Path) -> None:
    images = Studio.load(settings=tiny_settings).generate("red running shoes", count=2, seed=7)
    assert [image.seed for image in images] == [7, 8]
    assert images[0].attributes["colour"] == "red"
    assert images[0].info["seed"] == 7
    images[0].save(tmp_path / "a.png")
    assert images[0].resize((32, 32)).size == (32, 32)
    with pytest.raises(CheckpointError):
        Studio.load("nowhere", tiny_settings)


def test_what_is_left_open_follows_the_shares(generation: Generation) -> None:
    shares = {
        "colour": {"black": 0.5, "blue": 0.2, "navy": 0.3},
        "audience": {"women": 1.0},
    }  # navy: not learnt, so it stays open
    made = draw(generation, prompt="watch", count=16, shares=shares)
    colours = [p.attributes["colour"] for p in made]
    assert set(colours) == {"black", "blue", None}
    assert colours.count("black") > colours.count("blue")
    assert {p.attributes["audience"] for p in made} == {"women"}
    assert [
        p.attributes["colour"] for p in draw(generation, prompt="watch", seed=8, shares=shares)
    ] == colours[3:5]
    chosen = draw(generation, shares=shares, attributes={"audience": None})
    assert {(p.attributes["colour"], p.attributes["audience"]) for p in chosen} == {("red", None)}
