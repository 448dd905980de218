"""Taking feedback out: the liked pictures in a file, the whole database in another."""

import csv
import sqlite3
import uuid

from PIL import Image

from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.settings import Settings


def judged(tmp_path):
    desk = Review(Settings(home=tmp_path / "home"))
    made = [
        Picture(
            id=uuid.uuid4().hex, image=Image.new("RGB", (16, 16)), prompt=f"bag {i}", attributes={"category": "handbags"},
            seed=i, psi=0.8, model="default", model_hash="abc",
        )
        for i in range(2)
    ]  # fmt: skip
    kept = desk.record(made)
    desk.vote(kept[1].id, True)
    desk.close()


def test_liked_pictures_are_exported(ecomgen, tmp_path):
    judged(tmp_path)
    assert ecomgen("export", tmp_path / "liked.csv") == (
        0,
        f"{tmp_path / 'liked.csv'} holds 1 picture.\n",
        "",
    )
    rows = list(csv.DictReader((tmp_path / "liked.csv").open(encoding="utf-8-sig")))
    assert [row["prompt"] for row in rows] == ["bag 1"]


def test_nothing_to_export_is_one_sentence(ecomgen, tmp_path):
    status, out, error = ecomgen("export", tmp_path / "liked.csv")
    assert (status, out) == (2, "")
    assert error.count("\n") == 1


def test_the_database_is_copied_while_it_is_used(ecomgen, tmp_path):
    judged(tmp_path)
    assert ecomgen("backup", tmp_path / "copy.sqlite")[0] == 0
    with sqlite3.connect(tmp_path / "copy.sqlite") as copy:
        assert copy.execute("SELECT count(*) FROM votes").fetchone() == (1,)


def test_insight_tells_votes_and_the_market(ecomgen, tmp_path):
    judged(tmp_path)
    (tmp_path / "trend.csv").write_text(
        "date,attribute,value,share\n2026-10-01,品类,handbags,60 %\n2026-10-01,category,nonsense,9 %\n"
    )
    status, out, error = ecomgen("insight", "--trend", tmp_path / "trend.csv")
    assert (status, error) == (0, "")
    for part in (
        "1 up, 0 down",
        "100% of 1 judged",
        "21% - 100%",
        "Line 3: “nonsense”",
        "market   60%  made  100%",
    ):
        assert part in out
    assert "0 up, 0 down.\nNo picture has been judged" in ecomgen("insight", "--until", "2020-01-01")[1]


def test_a_trend_table_that_is_none_is_one_sentence(ecomgen, tmp_path):
    for content in (b"\xff\xfe", b"a,b\n1,2\n"):
        (tmp_path / "trend.csv").write_bytes(content)
        status, out, error = ecomgen("insight", "--trend", tmp_path / "trend.csv")
        assert (status, out, error.count("\n")) == (2, "", 1)
    assert ecomgen("insight", "--trend", tmp_path / "missing.csv")[0] == 2
