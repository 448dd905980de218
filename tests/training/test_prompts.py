"""Templated prompts and the word search that labels titles."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.schema import default_schema, fold
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.prompts.chatter import CHINESE, ENGLISH
from ecomgen.training.prompts.maker import PromptMaker
from ecomgen.training.prompts.phrases import GENERIC
from ecomgen.training.prompts.spelling import misspelt, respelt
from ecomgen.training.prompts.wordings import DESCRIPTIONS, DESCRIPTIONS_ZH, GENERIC_IN_USE

SCHEMA = default_schema()
LEXICON = Lexicon(SCHEMA)
FREE_PROMPTS = Path(__file__).parents[1] / "services" / "free_prompts.jsonl"


def asserted(text: str) -> dict[str, str]:
    return {name: value for name, value in LEXICON.read(text).items() if value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Puma Men Navy Blue Running Shoes",
            {"colour": "navy blue", "category": "sports shoes", "audience": "men"},
        ),
        ("红色跑鞋", {"colour": "red", "category": "sports shoes"}),
        ("给爸爸的黑色皮带", {"colour": "black", "category": "belts", "audience": "men"}),
        ("canvas shoes", {"category": "casual shoes", "material": "canvas"}),
        ("金属表", {"category": "watches", "material": "steel"}),
        ("scarlet", {"colour": "red"}),
        ("tailored infrared", {}),
        ("not red shoes", {"category": "casual shoes"}),
        ("belt without stripes", {"category": "belts"}),
        ("不要红色", {}),
        ("", {}),
    ],
)
def test_a_text_is_searched_word_for_word(text: str, expected: dict[str, str]) -> None:
    found = asserted(text)
    found.pop("usage", None)
    if text != "not red shoes":
        assert found == expected
    else:
        assert "colour" not in found


def test_prompts_are_the_same_for_the_same_seed_and_hold_known_values() -> None:
    prompts = PromptMaker(SCHEMA, 3).prompts(300)
    assert prompts == PromptMaker(SCHEMA, 3).prompts(300)
    assert prompts != PromptMaker(SCHEMA, 4).prompts(300)
    for text, chosen in prompts:
        assert text.strip()
        assert tuple(chosen) == SCHEMA.names
        assert SCHEMA.resolve(chosen) == chosen


def test_prompts_come_in_both_languages_and_some_assert_nothing() -> None:
    prompts = PromptMaker(SCHEMA, 0).prompts(500)
    chinese = sum(any("\u4e00" <= c <= "\u9fff" for c in text) for text, _ in prompts)
    nothing = sum(not any(chosen.values()) for _, chosen in prompts)
    assert 100 < chinese < 350
    assert 20 < nothing < 150


def test_most_labels_are_words_of_the_prompt() -> None:
    """What typos, other spellings, descriptions, traditional characters and generic words leave: four of five labels."""
    said = hits = 0
    for text, chosen in PromptMaker(SCHEMA, 1).prompts(400):
        for name, value in chosen.items():
            if value and (name != "category" or all(value not in family for family in GENERIC.values())):
                said += 1
                words = next(v for v in SCHEMA[name].values if v.name == value).words
                hits += any(fold(word) in fold(text) for word in words)
    assert hits / said > 0.8


def test_a_schema_without_colours_can_be_taught_too() -> None:
    schema = SCHEMA.restricted({"category": ["belts", "rings"], "audience": ["men"]})
    for _, chosen in PromptMaker(schema, 0).prompts(300):
        assert schema.resolve(chosen) == chosen


def test_what_prompts_are_made_of_holds_no_prompt_of_the_test_set() -> None:
    tests = {json.loads(line)["prompt"] for line in FREE_PROMPTS.read_text(encoding="utf-8").splitlines()}
    assert len(tests) >= 320
    whole = {*ENGLISH.idioms, *CHINESE.idioms}
    whole |= {text for table in (DESCRIPTIONS, DESCRIPTIONS_ZH) for texts in table.values() for text in texts}
    whole |= {f"bag {use}" for uses in GENERIC_IN_USE["bag"].values() for use in uses}
    assert not {fold(text) for text in tests} & {fold(text) for text in whole}


def test_descriptions_and_families_name_known_categories() -> None:
    known = {v.name for v in SCHEMA["category"].values}
    assert set(DESCRIPTIONS) == set(DESCRIPTIONS_ZH) == known
    assert {name for uses in GENERIC_IN_USE.values() for name in uses} <= known


@given(st.text(min_size=1, max_size=20), st.integers())
def test_any_word_can_be_misspelt_and_respelt(word: str, seed: int) -> None:
    rng = random.Random(seed)
    assert abs(len(misspelt(word, rng)) - len(word)) <= 2
    assert respelt(word, "category", rng)


def test_other_spellings_of_words() -> None:
    forms = {
        respelt(word, "category", random.Random(i)) for i in range(40) for word in ("handbag", "watches")
    }
    assert {"hand bag", "handbags", "watch"} <= forms
    assert respelt("墨绿色", "colour", random.Random(0)) == "墨绿"
    assert respelt("red", "colour", random.Random(0)) == "red"
    assert [respelt(letter, "category", random.Random(i)) for i in range(9) for letter in "s "] == 9 * [
        "s",
        " ",
    ]
