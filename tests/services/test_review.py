import uuid

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from ecomgen.data.store import Filter
from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.services.attributes import Reading
from ecomgen.services.pictures import read_label
from ecomgen.services.records import Picture
from ecomgen.services.review import MAX_COMMENT, REASONS, Review, new_batch
from ecomgen.settings import Settings


def pictures(count, prompt="red shoes"):
    return [
        Picture(
            id=uuid.uuid4().hex,
            image=Image.new("RGB", (16, 16), (i, 0, 0)),
            prompt=prompt,
            attributes={"colour": "red"},
            seed=i,
            psi=0.8,
            variation=0.0,
            variation_seed=0,
            model="default",
            model_hash="abc",
        )
        for i in range(count)
    ]


def listed(review, limit=200, **wanted):
    return review.page(Filter(**wanted), limit=limit).pictures


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", kept_pictures=16)


@pytest.fixture
def review(settings):
    opened = Review(settings)
    yield opened
    opened.close()


def test_what_is_recorded_is_found_after_a_restart(review, settings):
    made = pictures(3)
    kept = review.record(made, "zh", "me", {"colour": Reading("red", 0.9), "season": Reading(None, 0.8)})
    assert [k.id for k in kept] == [p.id for p in made]
    assert all(k.path.parent == settings.home / "pictures" for k in kept)
    assert read_label(kept[1].path)["seed"] == 1
    review.vote(
        kept[1].id, False, reasons=["other", "off-brand"], comment="logo", visitor="me", reviewer=" Ann\nLee "
    )
    review.close()

    found = listed(Review(settings))
    assert [p.id for p in found] == [k.id for k in kept]
    assert found[1].liked is False
    assert (found[1].reasons, found[1].comment, found[1].reviewer) == (
        ("off-brand", "other"),
        "logo",
        "Ann Lee",
    )
    assert found[0].liked is None
    assert (found[0].path, found[0].batch, found[0].language) == (kept[0].path, kept[0].batch, "zh")
    assert found[0].parsed == {
        "colour": {"value": "red", "confidence": 0.9},
        "season": {"value": None, "confidence": 0.8},
    }


def test_a_changed_mind(review):
    (kept,) = review.record(pictures(1))
    for liked in (True, False, None):
        assert review.vote(kept.id, liked)
        assert review.picture(kept.id).liked is liked
    assert [v.liked for v in review.votes(kept.id)] == [True, False, None]
    assert review.counts() == {"all": 1, "liked": 0, "disliked": 0, "unrated": 1}


def test_a_repeated_vote_is_one_vote(review):
    (kept,) = review.record(pictures(1))
    vote_id = uuid.uuid4().hex
    assert review.vote(kept.id, True, vote_id=vote_id)
    assert not review.vote(kept.id, True, vote_id=vote_id)
    assert len(review.votes(kept.id)) == 1


def test_pictures_that_come_one_by_one_stay_in_order(review):
    batch, made = new_batch(), pictures(4)
    for picture in made:
        review.record([picture], batch=batch)
    assert [p.id for p in listed(review)] == [p.id for p in made]
    (later,) = review.record(pictures(1))
    assert listed(review, 1)[0].id == later.id


def test_history_is_the_visitors_own(review):
    mine = review.record(pictures(2), visitor="me")
    review.record(pictures(2), visitor="you")
    assert [p.id for p in review.history("me")] == [k.id for k in mine]
    assert review.history("") == []


def test_old_unvoted_files_make_room_but_their_recipes_stay(review, settings):
    (loved,) = review.record(pictures(1))
    review.vote(loved.id, True)
    for _ in range(5):
        review.record(pictures(16))
    assert review.picture(loved.id).path is not None
    shown = listed(review)
    assert len(shown) == 81
    assert shown[-2].path is None
    assert sum(p.path is not None for p in shown) < 16 + 64


HOSTILE = [
    {"picture_id": "../../etc/passwd"},
    {"picture_id": "f" * 32},
    {"picture_id": "F" * 32},
    {"picture_id": "0" * 32 + "\n"},
    {"picture_id": None},
    {"picture_id": ["0" * 32]},
    {"vote_id": "1' OR 1=1"},
    {"vote_id": 7},
    {"liked": 1},
    {"liked": "yes"},
    {"reasons": ["because"]},
    {"reasons": "other"},
    {"reasons": [["other"]]},
    {"reasons": None},
    {"reviewer": "x" * 61},
    {"reviewer": 7},
    {"comment": "x" * (MAX_COMMENT + 1)},
    {"comment": None},
    {"visitor": "x" * 65},
    {"visitor": {}},
]


@pytest.mark.parametrize("change", HOSTILE, ids=repr)
def test_a_hostile_vote_is_refused_and_leaves_nothing(review, change):
    (kept,) = review.record(pictures(1))
    with pytest.raises(InvalidRequest):
        review.vote(**({"picture_id": kept.id, "liked": True} | change))
    assert review.votes(kept.id) == []


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    comment=st.text(max_size=60),
    visitor=st.text(max_size=64),
    reasons=st.lists(st.sampled_from(REASONS)),
)
def test_any_comment_is_kept_without_its_control_characters(review, comment, visitor, reasons):
    (kept,) = review.record(pictures(1), visitor=visitor)
    review.vote(kept.id, True, reasons, comment, visitor)
    stored = review.picture(kept.id).comment
    assert "\0" not in stored
    assert set(stored) <= set(comment)


def test_a_vote_on_many_is_undone_one_by_one_and_only_by_its_voter(review):
    kept = review.record(pictures(3))
    ids = {uuid.uuid4().hex: k.id for k in kept}
    assert review.vote_all(ids, True, visitor="me", reviewer="Ann") == 3
    assert review.vote_all(ids, False, visitor="me") == 0
    assert review.counts()["liked"] == 3
    first = next(iter(ids))
    assert review.undo(first, "me")
    assert not review.undo(first, "me")
    assert review.counts()["liked"] == 2
    assert review.judgements(ids[first]) == []
    (undoing,) = [vote for vote in review.votes(ids[first]) if vote.undoes]
    for vote_id, visitor in [(list(ids)[1], "you"), (list(ids)[1], ""), ("f" * 32, "me"), (undoing.id, "me")]:
        with pytest.raises(InvalidRequest):
            review.undo(vote_id, visitor)


def test_tags_shortlists_and_deletion(review):
    kept = [k.id for k in review.record(pictures(3))]
    spring = review.new_shortlist(" Spring \n sale ", "me")
    assert (spring.name, review.shortlists()) == ("Spring sale", [spring])
    review.mark("tag", kept[:2], "hero")
    review.mark("shortlist", [kept[0], kept[0]], spring.id)
    review.mark("deleted", kept[2:])
    assert [p.id for p in listed(review, shortlist=spring.id)] == kept[:1]
    assert [p.id for p in listed(review, tag="hero")] == kept[:2]
    assert [p.id for p in listed(review)] == kept[:2]
    assert review.picture(kept[2]).deleted
    review.mark("deleted", kept[2:], present=False)
    review.mark("tag", kept, "hero", present=False)
    assert [p.id for p in listed(review)] == kept
    assert review.picture(kept[0]).tags == ()
    assert [p.id for p in review.each(Filter())] == kept


@pytest.mark.parametrize(
    ("kind", "ids", "value"),
    [
        ("star", ["0" * 32], ""),
        ("tag", ["0" * 32], " "),
        ("tag", ["0" * 32], "x" * 61),
        ("tag", [], "a"),
        ("tag", "0" * 32, "a"),
        ("tag", ["0"] * 2, "a"),
        ("tag", ["0" * 32] * 1001, "a"),
        ("shortlist", ["0" * 32], "f" * 32),
        ("deleted", ["0" * 32], "a"),
    ],
)
def test_a_hostile_mark_is_refused(review, kind, ids, value):
    with pytest.raises(InvalidRequest):
        review.mark(kind, ids, value)


@pytest.mark.parametrize(
    "page",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": True},
        {"after": "x"},
        {"after": "1:2"},
        {"after": None},
        {"sort": "best"},
    ],
    ids=repr,
)
def test_a_hostile_page_is_refused(review, page):
    review.record(pictures(1))
    with pytest.raises(InvalidRequest):
        review.page(Filter(), **page)


@pytest.mark.parametrize(
    "wanted",
    [
        {"rated": "loved"},
        {"search": "x" * 501},
        {"shortlist": "1"},
        {"attributes": {"a": "x" * 61}},
        {"tag": 7},
    ],
    ids=repr,
)
def test_a_hostile_filter_is_refused(review, wanted):
    with pytest.raises(InvalidRequest):
        review.page(Filter(**wanted))


def test_a_hostile_batch_is_refused(review):
    with pytest.raises(InvalidRequest):
        review.record(pictures(1), batch="x")


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    blocked = Review(Settings(home=tmp_path / "file" / "home"))
    with pytest.raises(StoreError):
        blocked.record(pictures(1))
    with pytest.raises(StoreError):
        blocked.counts()
