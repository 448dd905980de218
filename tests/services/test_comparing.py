"""Comparisons on tiny checkpoints with random weights, and on made-up pictures."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from ecomgen.data.store import Filter, Store
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.comparing import Comparing
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings

ME, YOU = "a" * 32, "b" * 32


@pytest.fixture
def store(tmp_path):
    opened = Store(Settings(home=tmp_path).database_url)
    yield opened
    opened.close()


@pytest.fixture
def review(store, tmp_path):
    return Review(Settings(home=tmp_path), store)


@pytest.fixture
def comparing(review, generation, store):
    return Comparing(review, generation, store)


def record(review, model, prompt="red belt", category="belts"):
    image = Image.new("RGB", (8, 8))
    made = Picture(
        uuid.uuid4().hex, image, prompt, {"category": category}, 1, 0.8, model, f"{model}0123456789"
    )
    return review.record([made])[0].id


def answer(comparing, left, right, winner="left", visitor=ME):
    id = uuid.uuid4().hex
    comparing.judge(id, left, right, winner, visitor)
    return id


def test_a_duel_asks_both_checkpoints_the_same_and_its_sides_are_by_chance(comparing, review):
    sides = set()
    for _ in range(20):
        pair = comparing.duel("tiny", "other", "red belt", 7, ME, "en")
        left, right = review.find([pair.left, pair.right])
        assert {left.model, right.model} == {"tiny", "other"}
        assert (left.seed, left.prompt, left.attributes) == (right.seed, right.prompt, right.attributes)
        assert left.seed == 7
        assert not {"tiny", "other"} & set(vars(pair).values())
        sides.add(left.model)
    assert sides == {"tiny", "other"}
    assert review.counts()["all"] == 40
    rolled = [review.picture(comparing.duel("tiny", "other", "red belt").left).seed for _ in range(2)]
    assert rolled[0] != rolled[1]


@pytest.mark.parametrize(
    "asked",
    [
        ("tiny", "tiny", "red belt"),
        ("tiny", "none", "red belt"),
        ("tiny", "../other", "red belt"),
        (None, "other", "red belt"),
        ([], {}, "red belt"),
        ("tiny", "other", ""),
        ("tiny", "other", "x" * 10_000),
        ("tiny", "other", None),
        ("tiny", "other", "a handbag"),
        ("tiny", "other", "red belt", -1),
        ("tiny", "other", "red belt", 2**63),
        ("tiny", "other", "red belt", "1"),
        ("tiny", "other", "red belt", 1, 5),
    ],
    ids=repr,
)
def test_what_no_checkpoint_can_draw_is_refused_and_nothing_is_kept(comparing, review, asked):
    with pytest.raises(InvalidRequest) as refused:
        comparing.duel(*asked)
    assert str(refused.value).endswith((".", "”."))
    assert review.counts()["all"] == 0


def test_only_a_few_duels_wait(comparing, review):
    def ask(_):
        try:
            return comparing.duel("tiny", "other", "red belt")
        except EcomgenError as error:
            return str(error)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(16)))
    refused = [told for told in answers if isinstance(told, str)]
    assert set(refused) == {"Other comparisons are being drawn; please try again in a moment."}
    assert review.counts()["all"] == 2 * (16 - len(refused))
    assert comparing.duel("tiny", "other", "red belt")


def test_pairs_answer_the_same_question_and_come_once(comparing, review):
    a, b, c = record(review, "m"), record(review, "n"), record(review, "m")
    d = record(review, "m", "a black belt")
    record(review, "m", "a watch", "watches")
    review.mark("deleted", [record(review, "n")])
    dealt = []
    while pair := comparing.pair(ME):
        dealt.append({pair.left, pair.right})
        answer(comparing, pair.left, pair.right, "neither")
    assert len(dealt) == 6
    assert {frozenset(p) for p in dealt[:2]} == {frozenset((a, b)), frozenset((b, c))}
    assert dealt[2] == {a, c}
    assert {frozenset(p) for p in dealt[3:]} == {frozenset((d, other)) for other in (a, b, c)}
    assert comparing.pair(YOU)


def test_older_pictures_are_dealt_when_nothing_is_left_of_the_newer(comparing, review, monkeypatch):
    monkeypatch.setattr("ecomgen.services.comparing._AT_ONCE", 2)
    old = {record(review, "m"), record(review, "n")}
    for prompt, category in [("a watch", "watches"), ("a cap", "caps"), ("a tie", "ties"), ("a bag", "bags")]:
        record(review, "m", prompt, category)
    pair = comparing.pair(ME)
    assert {pair.left, pair.right} == old
    answer(comparing, pair.left, pair.right)
    assert comparing.pair(ME) is None


def test_chosen_pictures_are_dealt_on_sides_by_chance(comparing, review):
    a, b = record(review, "m"), record(review, "n", "a watch", "watches")
    assert {comparing.pair(ME, [a, b]).left for _ in range(40)} == {a, b}
    for wrong in ([a], [a, a], [a, b, record(review, "m")], [a, "f" * 32], [a, {}], ["x", b], "ab"):
        with pytest.raises(InvalidRequest):
            comparing.pair(ME, wrong)


def test_answers_are_kept_revealed_and_undone(comparing, review):
    a, b = record(review, "m"), record(review, "n")
    id = uuid.uuid4().hex
    revealed = comparing.judge(id, a, b, "right", ME, "Ann")
    assert (revealed.left, revealed.right) == ("m m0123456", "n n0123456")
    assert comparing.judge(id, a, b, "left", ME) == revealed  # a repeated id changes nothing
    review.close()  # what is read now was on disk
    (best, worst) = comparing.win_rates()
    assert (best.model, best.comparisons, worst.comparisons) == ("n n0123456", 1, 1)
    assert 0 < worst.low < worst.rate < 0.5 < best.rate < best.high < 1
    for visitor in (YOU, ""):
        with pytest.raises(InvalidRequest, match="your own"):
            comparing.undo(id, visitor)
    assert comparing.undo(id, ME)
    assert not comparing.undo(id, ME)
    assert comparing.win_rates() == []


def test_the_same_pictures_by_another_or_again(comparing, review):
    a, b, c = record(review, "m"), record(review, "n"), record(review, "m")
    for visitor in (ME, YOU):
        for _ in range(3):
            answer(comparing, a, b, "left", visitor)
    answer(comparing, a, c)  # of one checkpoint
    best, _ = comparing.win_rates()
    assert (best.model, best.comparisons) == ("m m0123456", 2)
    answer(comparing, b, a, "neither", ME)
    answer(comparing, b, a, "neither", YOU)
    assert [round(one.rate, 6) for one in comparing.win_rates()] == [0.5, 0.5]


@pytest.mark.parametrize("winner", ["", "both", "LEFT", None, 1, [], {}], ids=repr)
def test_an_answer_that_is_none_is_refused(comparing, review, winner):
    a, b = record(review, "m"), record(review, "n")
    with pytest.raises(InvalidRequest):
        comparing.judge(uuid.uuid4().hex, a, b, winner, ME)
    assert comparing.win_rates() == []
    assert review.page(Filter()).pictures[0].liked is None
