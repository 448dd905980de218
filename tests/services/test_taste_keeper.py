"""The best of more pictures: a reviewer who likes red is understood after some thumbs."""

from pathlib import Path

import numpy as np
import pytest
from drawing import draw_product
from PIL import Image

from ecomgen.errors import DataError
from ecomgen.services.recognition import Recognition
from ecomgen.services.taste import Judged, TasteKeeper
from ecomgen.settings import Settings


@pytest.fixture
def keeper(seeing: Path) -> TasteKeeper:
    return TasteKeeper(Recognition(Settings(checkpoints=seeing)))


def pictures(n: int, seed: int) -> list[tuple[Image.Image, bool]]:
    chance = np.random.default_rng(seed)
    red = chance.random(n) < 0.5
    return [
        (draw_product("handbags", "red" if r else "blue", size=(40, 40), seed=seed + i), bool(r))
        for i, r in enumerate(red)
    ]


def judged(folder: Path, n: int, seed: int) -> list[Judged]:
    found = []
    for i, (image, liked) in enumerate(pictures(n, seed)):
        image.save(folder / f"{i}.png")
        found.append(Judged(str(i), folder / f"{i}.png", {"category": "handbags"}, liked))
    return found


def test_a_reviewer_who_likes_red_is_shown_red(keeper: TasteKeeper, tmp_path: Path) -> None:
    votes = judged(tmp_path, 60, 0)
    taste = keeper.learn(votes)
    assert taste.votes == 60
    assert taste.held_out > 0.9
    fresh = pictures(32, 1000)
    chosen = keeper.choose([image for image, _ in fresh], [{"category": "handbags"}] * 32, wanted=8, seed=1)
    assert len(set(chosen.numbers)) == 8
    assert all(fresh[i][1] for i in chosen.numbers[:-1])  # the last is there by chance
    assert 0 < chosen.variety <= 1.5


def test_without_a_taste_the_first_pictures_are_shown(keeper: TasteKeeper) -> None:
    fresh = [image for image, _ in pictures(8, 0)]
    assert keeper.choose(fresh, [{}] * 8, wanted=2, seed=0).numbers == [0, 1]


def test_pictures_whose_files_are_gone_count_when_they_were_seen(keeper: TasteKeeper, tmp_path: Path) -> None:
    votes = judged(tmp_path, 40, 0)
    keeper.learn(votes)
    for each in votes:
        each.path.unlink()
    assert keeper.learn(votes).votes == 40
    with pytest.raises(DataError, match="still here"):
        TasteKeeper(keeper._recognition).learn(votes)
