import csv
import io
import json
import uuid
import zipfile

import pytest
from PIL import Image

from ecomgen.data.products import read_products
from ecomgen.data.store import Filter
from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.schema import default_schema
from ecomgen.services.exporting import export, vote_weight
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings


@pytest.fixture
def review(tmp_path):
    """Four pictures: the first two liked, the first tagged and in a shortlist, the last one's file cleared."""
    desk = Review(Settings(home=tmp_path / "home"))
    made = [
        Picture(
            id=uuid.uuid4().hex,
            image=Image.new("RGB", (32, 32), (40 * i, 0, 0)),
            prompt=["=1+1 red shoes", "红色跑鞋", "blue belt", "watch"][i],
            attributes={
                "category": ["sports shoes", "sports shoes", "belts", "watches"][i],
                "colour": "red",
                "season": None,
            },
            seed=2**62 + i,
            psi=0.8,
            model="default",
            model_hash="abc",
        )
        for i in range(4)
    ]
    kept = desk.record(made)
    desk.vote_all({uuid.uuid4().hex: k.id for k in kept[:2]}, True, comment="@nice", reviewer="Ann")
    desk.vote(kept[3].id, False, ["wrong colour", "other"])
    spring = desk.new_shortlist("Spring")
    desk.mark("shortlist", [kept[0].id], spring.id)
    desk.mark("tag", [kept[0].id], "hero")
    kept[3].path.unlink()
    yield desk
    desk.close()


def written(review, format, target, **wanted):
    return export(review, format, review.each(Filter(**wanted)), target)


def test_the_zip_of_the_liked_is_a_product_set(review, tmp_path):
    assert written(review, "zip", tmp_path / "liked.zip", rated="liked") == 2
    found = read_products(tmp_path / "liked.zip")
    assert found.refused == []
    assert {p.title for p in found.products} == {"'=1+1 red shoes", "红色跑鞋"}  # no spreadsheet's formula
    assert {(p.attributes["category"], p.attributes["colour"]) for p in found.products} == {
        ("sports shoes", "red")
    }
    assert {p.image().getpixel((5, 5)) for p in found.products} == {(0, 0, 0), (40, 0, 0)}
    assert found.schema.names == default_schema().names  # no column became an attribute
    assert [p.vote_weight for p in found.products] == [2, 2]


def test_votes_are_weights_for_training(review):
    one, two, three, four = (picture.id for picture in review.each(Filter()))
    review.vote(one, True, visitor="somebody")
    review.vote(two, False, visitor="somebody")
    assert [vote_weight(review, id) for id in (one, two, three, four)] == [3, 1, 1, 0.5]


def test_the_zip_leaves_out_what_was_cleared(review, tmp_path):
    assert written(review, "zip", tmp_path / "all.zip") == 3
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == 3


def test_the_table_is_harmless_in_a_spreadsheet(review, tmp_path):
    assert written(review, "csv", tmp_path / "all.csv") == 4
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0]["prompt"] == "'=1+1 red shoes"
    assert rows[0]["comment"] == "'@nice"
    assert (rows[0]["liked"], rows[3]["liked"], rows[2]["liked"]) == ("yes", "no", "")
    assert (rows[0]["tags"], rows[0]["shortlists"]) == ("hero", "Spring")
    assert rows[3]["reasons"] == "wrong colour; other"
    assert rows[0]["seed"] == str(2**62)
    assert {row["category"] for row in rows} == {"sports shoes", "belts", "watches"}


def test_lines_of_json_hold_everything(review, tmp_path):
    assert written(review, "jsonl", tmp_path / "all.jsonl", reviewer="Ann") == 2
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[1]["prompt"] == "红色跑鞋"
    assert lines[0]["attributes"] == {"category": "sports shoes", "colour": "red", "season": None}
    assert (lines[0]["liked"], lines[0]["reviewer"], lines[0]["seed"]) == (True, "Ann", 2**62)


def test_what_cannot_be_exported_leaves_nothing(review, tmp_path):
    target = tmp_path / "new" / "out.zip"
    with pytest.raises(InvalidRequest, match="no pictures"):
        written(review, "zip", target, tag="none")
    with pytest.raises(InvalidRequest, match="csv, jsonl, zip"):
        written(review, "exe", target)
    assert list(target.parent.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        written(review, "csv", tmp_path / "file" / "out.csv")
