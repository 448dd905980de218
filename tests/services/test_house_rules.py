"""What the rules of the house make of what is asked for, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.errors import PolicyRefusal
from ecomgen.schema import default_schema
from ecomgen.services.house_rules import apply_rules
from ecomgen.services.policy import Rule, policy_file, read_policy
from ecomgen.settings import Settings

CHILDREN = Rule(
    "", ("No heels.", "没有高跟鞋。"), {"audience": ("kids",)}, (), {"category": ("heels",)}, {}, {}
)
VEGAN = Rule(
    "", ("No leather.", "没有皮革。"), {}, ("vegan", "纯素"), {}, {"material": {"leather": "canvas"}}, {}
)
CALM = Rule("", ("Calm.", "素雅。"), {}, (), {"pattern": ("floral",)}, {}, {"colour": ("black", "white")})
BUNDLED = read_policy(policy_file(Settings(policy=None))).rules


def test_a_forbidden_product_is_refused_in_both_languages() -> None:
    with pytest.raises(PolicyRefusal) as refusal:
        apply_rules([CHILDREN], {"audience": "kids", "category": "heels"}, "")
    assert (str(refusal.value), refusal.value.chinese) == ("No heels.", "没有高跟鞋。")
    assert apply_rules([CHILDREN], {"audience": "women", "category": "heels"}, "").notes == ()


@pytest.mark.parametrize("prompt", ["a VEGAN bag", "vegan-bag", "纯素手提包"])
def test_words_of_the_prompt_bring_a_rule_about(prompt: str) -> None:
    ruled = apply_rules([VEGAN], {"material": "leather"}, prompt)
    assert ruled.attributes == {"material": "canvas"}
    assert ruled.notes[0].en == "No leather. leather → canvas."
    assert ruled.notes[0].zh == "没有皮革。皮革 → 帆布。"
    assert apply_rules([VEGAN], {"material": "leather"}, "las vegans bag").notes == ()


def test_only_some_values_are_allowed_also_of_what_is_left_open() -> None:
    ruled = apply_rules([CALM], {"colour": "red", "pattern": "floral"}, "")
    assert ruled.attributes == {"colour": "black", "pattern": None}
    assert [(note.attribute, note.new) for note in ruled.notes] == [("colour", "black"), ("pattern", None)]
    assert apply_rules([CALM], {"colour": None}, "").open == {"colour": ("black", "white")}
    assert apply_rules([CALM], {"colour": "white"}, "").notes == ()


_ASKED = st.fixed_dictionaries(
    {},
    optional={a.name: st.none() | st.sampled_from([v.name for v in a.values]) for a in default_schema()},
)


@given(_ASKED, st.sampled_from(["", "vegan shoes"]))
def test_what_the_bundled_rules_leave_they_leave_again(asked: dict[str, str | None], prompt: str) -> None:
    ruled = apply_rules(BUNDLED, asked, prompt)
    again = apply_rules(BUNDLED, ruled.attributes, prompt)
    assert (again.attributes, again.notes) == (ruled.attributes, ())
    changed = {name for name in asked if asked[name] != ruled.attributes[name]}
    assert changed == {note.attribute for note in ruled.notes}, "what is changed is said"
