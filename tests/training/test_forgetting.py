"""What a new checkpoint still knows of its base, on tiny networks."""

import copy
from pathlib import Path

import pytest
from drawing import write_product_set
from tiny import tiny_checkpoint, tiny_judge

from ecomgen.errors import DataError
from ecomgen.training.forgetting import measure_forgotten, read_base_photos


def knowing(checkpoint, *categories):
    other = copy.copy(checkpoint)
    other.counts = {"category": dict.fromkeys(categories, 10)}
    return other


def test_who_kept_everything_draws_the_same() -> None:
    base = tiny_checkpoint()
    told = measure_forgotten(base, base, tiny_judge(), pictures=24)
    assert (set(told["kept"]), told["lost"]) == (set(base.counts["category"]), [])
    assert told["right_base"] == told["right_tuned"]
    assert told["kid"][0] < told["kid_floor"][0] + 2 * told["kid_floor"][1] + 1e-6  # the very same pictures
    changed = measure_forgotten(base, tiny_checkpoint(seed=1), tiny_judge(), pictures=24)
    assert changed["kid"][0] > told["kid"][0]


def test_words_that_are_gone_are_named_and_not_asked_for() -> None:
    base = tiny_checkpoint()
    told = measure_forgotten(base, knowing(base, "teapots"), tiny_judge(), pictures=8)
    assert (told["kept"], set(told["lost"])) == ([], set(base.counts["category"]))
    assert "kid" not in told
    told = measure_forgotten(base, knowing(base, "teapots", "belts"), tiny_judge(), pictures=8)
    assert told["kept"] == ["belts"]
    assert len(told["lost"]) == 3
    assert {"right_base", "right_tuned", "kid", "kid_floor"} <= set(told)


def test_the_base_s_own_photos_are_compared_where_they_are_at_hand(tmp_path: Path) -> None:
    base = tiny_checkpoint()
    base.training["held_out_share"] = 0.3
    data = write_product_set(tmp_path / "base.zip", 80, categories=("belts", "watches", "perfume"))
    photos = read_base_photos(base, data, 16)
    assert {p.attributes["category"] for p in photos.train_products} == {"belts", "watches"}
    told = measure_forgotten(base, knowing(base, "teapots"), tiny_judge(), photos, pictures=24)["photos"]
    assert told["held_out"] == len(photos.held_out)
    assert told["kid_photos"][0] < told["kid_base"][0]  # random weights draw nothing like them
    with pytest.raises(DataError, match="too few"):
        read_base_photos(base, write_product_set(tmp_path / "few.zip", 12, categories=("belts", "caps")), 16)
