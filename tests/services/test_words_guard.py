"""Words in disguise are found, whatever disguises are mixed; innocent phrases are let through."""

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomgen.services.lookalikes import signs
from ecomgen.services.words_guard import WordsGuard

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import disguises

TOPICS = [("shotgun", "cocaine", "gun", "mass shooting", "Н2О"), ("海洛因", "大麻", "手枪", "AV女优")]
ALLOWED = ("shotgun microphone", "glue gun", "消毒品")
ENGLISH = (disguises.capitals, disguises.unseen, disguises.accented, disguises.repeated, disguises.digits)
CHINESE = (disguises.traditional, disguises.repeated_zh, disguises.half_pinyin)
LAST = (disguises.spaced, disguises.pointed, disguises.lookalikes, disguises.wide, disguises.unseen)
LAST_ZH = (disguises.spaced_zh, disguises.pointed_zh, disguises.unseen, disguises.numbered_zh)


@pytest.fixture(scope="module")
def guard() -> WordsGuard:
    return WordsGuard(TOPICS, ALLOWED, ordinary=("红色", "情侣", "大码"))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("a GUN", 0), ("guns", 0), ("6un print", 0), ("g u n", 0), ("𝓰𝓾𝓷", 0), ("ġụñ", 0), ("g\u200bu\u200bn", 0), ("guuuun", 0),
        ("соса1nе", 0), ("COCAlNE", 0), ("coc aine bag", 0), ("kokayne", 0), ("c.0.c.4.i.n.e", 0), ("mass-shooting", 0), ("m a $ s 5 h 0 0 7 ! n 9", 0), ("н2о", 0),
        ("一把手槍", 1), ("手 枪", 1), ("手*枪", 1), ("⼿枪", 1), ("shouqiang", 1), ("shǒu qiāng", 1), ("shou3 qiang1", 1),
        ("海luo因", 1), ("嗨落音", 1), ("守腔", 1), ("dà má", 1), ("av女优", 1),
    ],
)  # fmt: skip
def test_a_word_is_found_in_disguise(guard: WordsGuard, text: str, topic: int) -> None:
    assert guard.find(text) == topic
    assert guard.find(f"red shoes with {text} on them") == topic
    assert guard.find(text, but=topic) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "shotgun microphone", "Shotgun  Microphone bag", "glue gun", "begun", "gunmetal", "size 6 un", "6un44", "part 455 un",
        "the gu in nappa", "a massive shooting star", "g u n m e t a l", "消毒品收纳包", "大码女装", "首先强调质量", "手抢", "shouqian",
    ],
)  # fmt: skip
def test_innocent_words_are_let_through(guard: WordsGuard, text: str) -> None:
    assert guard.find(text) is None


def test_words_that_run_into_each_other_are_not_another_word() -> None:
    guard = WordsGuard([("色情",)], ordinary=("红色", "情侣"))
    assert guard.find("红色情侣鞋") is None
    assert guard.find("红色情鞋") == guard.find("色情侣") == 0, "one ordinary word alone does not explain it"


@settings(deadline=None)  # the tables of other scripts are read in the first example
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_any_mixture_of_disguises_is_found(guard: WordsGuard, data: st.DataObject, seed: int) -> None:
    chinese = data.draw(st.booleans())
    word = data.draw(
        st.sampled_from(("海洛因", "手枪") if chinese else ("shotgun", "cocaine", "mass shooting"))
    )
    rng, disguised = random.Random(seed), word
    for way in data.draw(st.lists(st.sampled_from(CHINESE[:2] if chinese else ENGLISH), max_size=3)):
        disguised = way(disguised, rng)[:200]
    if len(disguised) > 40:  # longer than anybody reads as a word
        disguised = word
    disguised = data.draw(st.sampled_from(LAST_ZH if chinese else LAST))(disguised, rng)
    frame = data.draw(
        st.sampled_from(("{}", "印有{}的包") if chinese else ("{}", "red {} bag", "a bag with {}!"))
    )
    assert guard.find(frame.format(disguised)) == int(chinese), ascii(disguised)


@settings(deadline=None)
@given(st.sampled_from(ALLOWED), st.sampled_from(("{}", "a red {} bag", "{}.", "“{}”")), st.booleans())
def test_allowed_phrases_stay_allowed(guard: WordsGuard, phrase: str, frame: str, loud: bool) -> None:
    assert guard.find(frame.format(phrase.upper() if loud else phrase)) is None
    assert guard.find(frame.format(phrase) + " and a gun") == 0, "but they excuse nothing else"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(guard: WordsGuard, text: str) -> None:
    assert guard.find(text) in (None, 0, 1)
    assert all(len(sign.char) == 1 for sign in signs(text))


def test_words_of_an_operator_may_be_anything() -> None:
    odd = WordsGuard([("***", "枪", "q&q", "a", "ß", "〇", "👍")], allowed=("", "***"))
    assert odd.find("枪") == odd.find("Q&Q") == 0
    assert odd.find("qiang") is None, "one sound alone means nothing"
    assert WordsGuard([]).find("anything") is None


def test_the_bundled_list_lets_ordinary_prompts_through() -> None:
    from ecomgen.services.guard import Guard
    from ecomgen.settings import Settings

    folder = Path(__file__).parents[2] / "benchmarks" / "guards"
    prompts = (folder / "ordinary.txt").read_text(encoding="utf-8").splitlines()
    assert {"cocktail dress", "nude heels", "Essex", "shotgun microphone"} <= set(prompts)
    guard = Guard(Settings())
    for prompt in prompts[:700:2]:  # those that were written to be mistaken
        guard.check_prompt(prompt)
