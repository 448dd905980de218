"""The operator's file: what it may say, and one sentence where it is wrong."""

from pathlib import Path

import pytest

from ecomgen.errors import ConfigError
from ecomgen.services.policy import policy_file, read_policy
from ecomgen.settings import Settings, read_settings

WHOLE = """
allowed = ["glue gun"]
[words.weapons]
label = ["weapons", "武器"]
en = ["gun"]
zh = ["手枪"]
[brands]
names = ["Acme"]
[[rules]]
when = { audience = ["children"], words = ["vegan"] }
replace = { material = { "genuine leather" = "pleather" } }
forbid = { pattern = ["camo"] }
allow = { colour = ["black"] }
say = ["Because.", "因为。"]
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text, encoding="utf-8")
    read_policy.cache_clear()
    return file


def test_a_file_says_words_brands_and_rules_by_any_synonym(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, WHOLE))
    assert policy.topics[0].terms == ("gun", "手枪")
    assert policy.topics[0].label == ("weapons", "武器")
    assert policy.brands.terms == ("Acme",)
    (rule,) = policy.rules
    assert (rule.when, rule.words) == ({"audience": ("kids",)}, ("vegan",))
    assert rule.replace == {"material": {"leather": "faux leather"}}
    assert (rule.forbid, rule.allow) == ({"pattern": ("camouflage",)}, {"colour": ("black",)})


def test_an_empty_file_allows_everything(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, ""))
    assert (policy.topics, policy.brands.terms, policy.rules) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("allowed = [", "is not TOML"),
        ("forbidden = []", "unknown keys ['forbidden']"),
        ("words = 3", "words has to be a table"),
        ("[words.a]\nen = 'gun'", "words.a has to list texts"),
        ("[words.a]\nlabel = ['only one']", "words.a needs two texts"),
        ("[rules]\nsay = ['a', 'b']", "[[rules]]"),
        ("[[rules]]\nsay = ['a', 'b']", "rule 1 has to forbid, replace or allow"),
        ("[[rules]]\nforbid = { colour = ['red'] }", "rule 1 has to list texts"),
        ("[[rules]]\nforbid = { flavour = ['sweet'] }\nsay = ['a', 'b']", "no attribute “flavour”"),
        ("[[rules]]\nforbid = { colour = ['sweet'] }\nsay = ['a', 'b']", "“sweet” is not a known colour"),
        ("[[rules]]\nreplace = { colour = { red = 3 } }\nsay = ['a', 'b']", "colour needs a value"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_policy(file)
    assert said in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")


def test_the_environment_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMGEN_POLICY", str(tmp_path / "own.toml"))
    assert policy_file(read_settings()) == tmp_path / "own.toml"


def test_the_bundled_file_is_whole() -> None:
    policy = read_policy(policy_file(Settings(policy=None)))
    assert sum(len(topic.terms) for topic in policy.topics) >= 200
    assert len(policy.rules) >= 2
