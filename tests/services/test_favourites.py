"""The best of more pictures: learnt from the gallery's votes, drawn by the real service on a tiny checkpoint."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from drawing import draw_product
from tiny import tiny_checkpoint

from ecomgen.errors import DataError
from ecomgen.models.checkpoint import save_checkpoint
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.favourites import CANDIDATES, EVERY, Favourites
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import Recognition
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings, bundled

REQUEST = GenerationRequest(prompt="red watch", count=4, seed=3)


@pytest.fixture
def settings(tmp_path: Path, seeing: Path) -> Settings:
    folder = tmp_path / "checkpoints"
    shutil.copytree(bundled("checkpoints") / "text", folder / "text")
    shutil.copytree(seeing / "vision", folder / "vision")
    save_checkpoint(folder / "tiny", tiny_checkpoint())
    return Settings(checkpoints=folder, home=tmp_path / "home", model="tiny")


@pytest.fixture
def review(settings: Settings) -> Review:
    return Review(settings)


@pytest.fixture
def favourites(settings: Settings, review: Review) -> Favourites:
    return Favourites(Generation(settings, AttributeReader(settings)), review, Recognition(settings))


def vote(review: Review, up: int, down: int, start: int = 0) -> None:
    """Red drawings are liked, blue ones are not."""
    for number in range(start, start + up + down):
        liked = number < start + up
        image = draw_product("watches", "red" if liked else "blue", size=(32, 32), seed=number)
        made = Picture(f"{number:032x}", image, "watch", {"category": "watches"}, number, 0.8, "tiny", "0")
        review.record([made])
        review.vote(made.id, liked)


def test_too_few_thumbs_are_told_at_once(favourites: Favourites, review: Review) -> None:
    with pytest.raises(DataError, match="judged"):
        favourites.generate(REQUEST)
    vote(review, 12, 3)
    with pytest.raises(DataError, match="12 thumbs up and 3 down"):
        favourites.generate(REQUEST)


def test_the_best_are_some_of_the_candidates_and_can_be_made_again(
    favourites: Favourites, review: Review, settings: Settings
) -> None:
    vote(review, 20, 20)
    best = list(favourites.generate(REQUEST))
    learnt = favourites.learnt()
    assert learnt is not None
    assert (learnt.votes, learnt.held_out > 0.9) == (40, True)
    assert len(best) == REQUEST.count
    assert {each.candidates for each in best} == {REQUEST.count * CANDIDATES}
    assert {each.origin for each in best} == {"best"}
    assert {each.seed for each in best} <= set(range(3, 3 + 16))
    assert len({each.seed for each in best}) == 4
    assert 0 < best[0].variety < 2
    again = GenerationRequest(prompt="red watch", count=1, seed=best[0].seed, origin="best", retry=False)
    (same,) = Generation(settings, AttributeReader(settings)).generate(again)
    np.testing.assert_array_equal(np.asarray(same.image), np.asarray(best[0].image))
    kept = review.record(best)  # the store takes what was chosen
    assert review.picture(kept[0].id).origin == "best"


def test_what_is_shown_first_is_what_the_taste_likes_most(favourites: Favourites, review: Review) -> None:
    vote(review, 20, 20)
    best = list(favourites.generate(REQUEST))
    keeper = favourites._keeper
    assert keeper.taste is not None
    scores = keeper.taste.score(keeper.features([p.image for p in best], [p.attributes for p in best]))
    assert list(scores[:3]) == sorted(scores[:3], reverse=True)  # the fourth is there by chance


def test_new_thumbs_are_learnt_from_in_the_background(favourites: Favourites, review: Review) -> None:
    vote(review, 20, 20)
    assert favourites.learn().votes == 40
    vote(review, EVERY - 20, 19, start=100)
    favourites._keep_up()
    assert [t.name for t in _learning()] == []
    vote(review, 1, 0, start=200)
    favourites._keep_up()
    for thread in _learning():
        thread.join()
    learnt = favourites.learnt()
    assert learnt is not None
    assert learnt.votes == 40 + EVERY


def _learning() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "taste"]
