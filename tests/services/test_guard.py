"""No door goes around the operator's policy: prompts, edits, pictures that are changed, and what reviewers write."""

from dataclasses import replace
from pathlib import Path

import pytest

from ecomgen.errors import ConfigError, InvalidRequest, PolicyRefusal
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.control import Control
from ecomgen.services.generation import Generation
from ecomgen.services.guard import Guard
from ecomgen.services.records import GenerationRequest
from ecomgen.services.review import Review
from ecomgen.settings import Settings

POLICY = """
[words.weapons]
label = ["weapons", "武器"]
en = ["blunderbuss"]
[brands]
names = ["acme"]
[[rules]]
when = { audience = ["men"] }
replace = { colour = { red = "blue" } }
say = ["Men wear blue.", "男士穿蓝色。"]
[[rules]]
when = { words = ["calm"] }
allow = { colour = ["blue"] }
say = ["Calm is blue.", "素雅即蓝色。"]
"""


@pytest.fixture(scope="module")
def own(tiny_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    file = tmp_path_factory.mktemp("policy") / "policy.toml"
    file.write_text(POLICY, encoding="utf-8")
    return tiny_settings.model_copy(update={"policy": file})


@pytest.fixture(scope="module")
def guarded(own: Settings) -> Generation:
    return Generation(own, AttributeReader(own))


@pytest.mark.parametrize("prompt", ["a blunderbuss", "b l u n d e r b u s s bag", "acme shoes", "АCМЕ"])
def test_what_the_policy_names_is_refused_without_repeating_it(guarded: Generation, prompt: str) -> None:
    for ask in (guarded.understand, lambda text: guarded.generate(GenerationRequest(prompt=text))):
        with pytest.raises(PolicyRefusal) as refusal:
            ask(prompt)
        assert isinstance(refusal.value, InvalidRequest)
        assert "policy" in str(refusal.value)
        assert "规定" in refusal.value.chinese
        assert "blunder" not in str(refusal.value)


def test_a_rule_changes_what_is_drawn_and_the_picture_says_so(guarded: Generation) -> None:
    (picture,) = guarded.generate(GenerationRequest("red shoes for men", count=1, seed=1))
    assert picture.attributes["colour"] == "blue"
    assert picture.parameters()["rules"] == ["Men wear blue. red → blue."]
    (edited,) = guarded.generate(
        GenerationRequest("shoes for men", count=1, seed=1, attributes={"colour": "red"})
    )
    assert edited.attributes["colour"] == "blue", "edits pass the same rules"
    (plain,) = guarded.generate(GenerationRequest("red shoes", count=1, seed=1))
    assert plain.attributes["colour"] == "red"
    assert "rules" not in plain.parameters()


def test_what_is_left_open_is_drawn_from_what_is_allowed(guarded: Generation) -> None:
    for edits in ({}, {"colour": None}):
        pictures = guarded.generate(GenerationRequest("calm shoes", count=2, seed=1, attributes=edits))
        assert {picture.attributes["colour"] for picture in pictures} == {"blue"}


def test_pictures_that_are_changed_pass_the_same_rules(guarded: Generation) -> None:
    control = Control(guarded)
    (made,) = guarded.generate(GenerationRequest("blue shoes for men", count=1, seed=1))
    with pytest.raises(PolicyRefusal, match="Men wear blue"):
        control.colours(made, ["red"])
    with pytest.raises(PolicyRefusal, match="weapons"):
        control.vary(replace(made, prompt="blunderbuss"), 1, 0.5, 0)
    forged = replace(made, attributes={**made.attributes, "colour": "red"})
    (varied,) = control.vary(forged, 1, 0.5, 0)
    assert varied.attributes["colour"] == "blue", "what a forged file asks for is no way around"
    (turned,) = control.edit(control.photo(made.image, made.attributes).recipe, forged.attributes)
    assert turned.attributes["colour"] == "blue"
    with pytest.raises(PolicyRefusal, match="Men wear blue"):
        control.vary(replace(turned, attributes=forged.attributes), 1, 0.5, 0)


def test_reviewers_may_name_brands_but_not_the_words(own: Settings, guarded: Generation) -> None:
    review = Review(own)
    (kept,) = review.record(list(guarded.generate(GenerationRequest("blue shoes", count=1, seed=1))))
    review.vote(kept.id, True, comment="looks like Acme")
    refused = [
        lambda: review.vote(kept.id, True, comment="a blunderbuss"),
        lambda: review.vote(kept.id, True, reviewer="blunder-buss"),
        lambda: review.mark("tag", [kept.id], "blunderbuss"),
        lambda: review.new_shortlist("blunderbuss"),
    ]
    for write in refused:
        with pytest.raises(PolicyRefusal):
            write()
    assert review.picture(kept.id).comment == "looks like Acme"


def test_a_file_that_is_not_usable_lets_nothing_through(tiny_settings: Settings, tmp_path: Path) -> None:
    broken = tiny_settings.model_copy(update={"policy": tmp_path / "none.toml"})
    with pytest.raises(ConfigError):
        Guard(broken).check_prompt("red shoes")
    with pytest.raises(ConfigError):
        Generation(broken, AttributeReader(broken)).generate(GenerationRequest("red shoes"))
