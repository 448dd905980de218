from pathlib import Path

import torch
from tiny import tiny_checkpoint

from ecomgen.data.products import read_products
from ecomgen.training.sampling import choose_rows, draw, learnt


def test_a_picture_is_the_same_however_many_follow() -> None:
    checkpoint = tiny_checkpoint()
    asked = [{"category": "belts", "colour": "red"}, {"category": "watches"}, {}] * 30
    many = draw(checkpoint, asked, 0.8, 1, torch.device("cpu"))
    few = draw(checkpoint, asked[:70], 0.8, 1, torch.device("cpu"))
    assert many.shape == (90, 16, 16, 3)
    assert (many[:70].int() - few.int()).abs().max() <= 1  # another batch size rounds otherwise


def test_each_training_photo_is_asked_for_once_before_any_comes_twice() -> None:
    rows = choose_rows(10, 25, seed=0)
    assert sorted(rows[:10]) == sorted(rows[10:20]) == list(range(10))
    assert len(rows) == 25


def test_only_what_the_checkpoint_has_learnt_is_asked(product_folder: Path) -> None:
    products = read_products(product_folder).products
    asked = learnt(next(p for p in products if p.attributes["category"] == "casual shoes"), tiny_checkpoint())
    assert asked["category"] == "casual shoes"
    assert asked.keys() <= {"category", "colour"}
    asked = learnt(next(p for p in products if p.attributes["colour"] == "green"), tiny_checkpoint())
    assert "colour" not in asked
