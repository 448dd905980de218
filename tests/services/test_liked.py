"""Liked pictures as a product set, alone and beside photos."""

import uuid
from pathlib import Path

import pytest
from drawing import draw_product, write_product_set

from ecomgen.data.products import read_products
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.liked import ALL, Source, count_liked, join_liked, liked_sources, named_sources
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings
from ecomgen.training.photos import DataConfig, read_photos


@pytest.fixture
def review(tmp_path):
    """Five pictures: 0 and 1 liked (0 twice), 2 turned down, 4 liked with its file cleared; 1, 2 and 3 on the shortlist Spring."""
    desk = Review(Settings(home=tmp_path / "home"))
    made = [
        Picture(
            id=uuid.uuid4().hex,
            image=draw_product("belts", "red", (32, 32), i),
            prompt="=1+1" if i == 0 else "red belts",
            attributes={"category": "belts", "colour": "red", "season": None},
            seed=i,
            psi=0.8,
            model="default",
            model_hash="abc",
        )
        for i in range(5)
    ]
    kept = desk.record(made)
    desk.vote_all({uuid.uuid4().hex: kept[i].id for i in (0, 1, 4)}, True, visitor="a")
    desk.vote(kept[0].id, True, visitor="b")
    desk.vote(kept[2].id, False, ["other"])
    spring = desk.new_shortlist("Spring")
    desk.mark("shortlist", [kept[i].id for i in (1, 2, 3)], spring.id)
    kept[4].path.unlink()
    yield desk
    desk.close()


def spring(review: Review) -> str:
    return review.shortlists()[0].id


def test_sources_count_what_can_be_learnt_from(review):
    assert liked_sources(review) == [Source(ALL, "", 2), Source(spring(review), "Spring", 2)]
    assert count_liked(review, [ALL, spring(review)]) == 3  # one is in both
    assert count_liked(review, []) == 0


def test_shortlists_are_named_by_name_or_id(review):
    assert named_sources(review, ["Spring", ALL, spring(review)]) == (spring(review), ALL)
    assert named_sources(review, []) == ()
    review.new_shortlist("Spring")
    with pytest.raises(InvalidRequest, match="several"):
        named_sources(review, ["Spring"])
    for bad in (["Autumn"], ["0" * 32], [""], [None], "all", {"all": 1}, 3, ["all"] * 51, [["all"]]):
        with pytest.raises(InvalidRequest):
            named_sources(review, bad)


def test_pictures_alone_are_a_product_set_with_weights(review, tmp_path):
    found = read_products(join_liked(review, [ALL], None, tmp_path / "set")).products
    assert {p.vote_weight for p in found} == {3, 2}
    assert all(p.generated and p.attributes["category"] == "belts" for p in found)
    assert len({p.name for p in found if p.split == "train"}) == 2  # held out by name, as always


def test_beside_photos_only_photos_are_held_out(review, tmp_path):
    write_product_set(tmp_path / "photos.zip", 40, categories=("teapots", "watches"))
    folder = join_liked(review, [ALL, spring(review)], tmp_path / "photos.zip", tmp_path / "set")
    photos = read_photos(DataConfig(held_out=1.0), folder, 16)
    assert len(photos.train) + len(photos.held_out) == 43
    assert sum(p.generated for p in photos.train_products) == 3
    assert 0 < len(photos.held_out) < 20
    assert not any(p.generated for p in photos.held_out_products)
    categories = {p.attributes["category"] for p in photos.train_products}
    assert categories == {"teapots", "watches", "belts"}
    assert {p.vote_weight for p in photos.held_out_products} == {1}
    before = {p.name: p.split for p in read_products(folder).products}
    join_liked(
        review, [ALL, spring(review)], tmp_path / "photos.zip", folder
    )  # over what is there, the same again
    assert {p.name: p.split for p in read_products(folder).products} == before


def test_a_set_with_a_split_of_its_own_keeps_it(review, tmp_path):
    folder = tmp_path / "photos"
    for i in range(6):
        path = folder / ("val" if i < 2 else "train") / "caps" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_product("caps", "blue", (32, 32), i).save(path)
    joined = read_products(join_liked(review, [ALL], folder, tmp_path / "set")).products
    assert sum(p.split == "val" for p in joined) == 2
    assert len(joined) == 8


def test_a_full_disk_leaves_nothing_and_is_one_sentence(review, tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EcomgenError, match="cannot be gathered"):
        join_liked(review, [ALL], None, tmp_path / "set")
    assert not [path for path in tmp_path.iterdir() if "set" in path.name]
