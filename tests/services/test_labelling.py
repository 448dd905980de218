"""Half-labelled product sets: what is guessed, what is left alone, what a person should label first."""

import csv
import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from drawing import CATEGORIES, COLOURS, draw_product, photo_bytes, write_files
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ecomgen.data.products import read_products
from ecomgen.errors import EcomgenError
from ecomgen.services.labelling import label
from ecomgen.services.recognition import Recognition
from ecomgen.services.tables import write_table

SHOWN = [(c, k) for c in CATEGORIES[:4] for k in tuple(COLOURS)[:4]]


def write_set(path: Path, rows: list[dict[str, str]] | None, prefix: str = "") -> Path:
    """16 drawings, four categories in four colours, with these lines of metadata."""
    files = {
        f"{prefix}{i:02}.png": photo_bytes(draw_product(c, k, seed=i), "PNG")
        for i, (c, k) in enumerate(SHOWN)
    }
    if rows is not None:
        files["metadata.jsonl"] = "\n".join(map(json.dumps, rows)).encode()
    return write_files(path, files)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def recognition(seeing: Path) -> Recognition:
    from ecomgen.settings import Settings

    return Recognition(Settings(checkpoints=seeing))


def test_what_is_missing_is_guessed_and_marked(recognition: Recognition, tmp_path: Path) -> None:
    rows = [
        {"file_name": f"{i:02}.png", "category": c if i % 2 else "", "sku": f"A{i}"}
        for i, (c, _) in enumerate(SHOWN)
    ]
    done = label(recognition, write_set(tmp_path / "set.zip", rows), tmp_path / "metadata.csv", sure=0.5)
    written = table(done.table)
    assert next(iter(written[0])) == "file_name"
    assert len(written) == done.photos == len(SHOWN)
    for line in written:
        i = int(line["file_name"][:2])
        assert (line["category"], line["colour"]) == SHOWN[i]
        assert line["sku"] == f"A{i}"
        guessed = dict(pair.split("=") for pair in line["guessed"].split("; "))
        assert guessed["colour"] == SHOWN[i][1]
        assert ("category" in guessed) == (i % 2 == 0), "what a person said is no guess"
    assert done.guessed["colour"] == 16
    assert done.guessed["category"] == 8


def test_what_is_not_sure_stays_empty_and_is_asked_for(recognition: Recognition, tmp_path: Path) -> None:
    done = label(recognition, write_set(tmp_path / "set", None), tmp_path / "m.csv", sure=1.0, first=5)
    assert done.guessed == {}
    assert {line["guessed"] for line in table(done.table)} == {""}
    assert len(done.first) == 5
    assert [line["file_name"] for line in table(done.table)][:5] == [photo.file_name for photo in done.first]
    assert all(set(photo.unsure) == {"category", "colour", "pattern"} for photo in done.first)
    assert len({SHOWN[int(photo.file_name[:2])][0] for photo in done.first}) >= 3, "they are not alike"


def test_the_table_is_read_back_and_a_second_run_guesses_anew(
    recognition: Recognition, tmp_path: Path
) -> None:
    folder = write_set(tmp_path / "set", None)
    first = label(recognition, folder, folder / "metadata.csv", sure=0.5)
    read = {p.name: p.attributes for p in read_products(folder).products}
    assert [read[f"{i:02}.png"]["colour"] for i in range(16)] == [k for _, k in SHOWN]
    assert all(p.attributes["colour"] is None for p in read_products(folder, guesses=False).products)
    assert read_products(folder).schema.names == read_products(folder, guesses=False).schema.names

    again = label(recognition, folder, folder / "metadata.csv", sure=0.5)
    assert again.guessed == first.guessed
    strict = label(recognition, folder, folder / "metadata.csv", sure=1.0)
    assert strict.guessed == {}, "an earlier guess is nobody's label"


def test_a_corrected_guess_is_a_persons_label(recognition: Recognition, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", None)
    label(recognition, folder, folder / "metadata.csv", sure=0.5)
    rows = table(folder / "metadata.csv")
    corrected = next(row for row in rows if row["file_name"] == "03.png")
    corrected["colour"] = "maroon"  # and `guessed` still names the old guess
    write_table(folder / "metadata.csv", list(rows[0]), rows)
    label(recognition, folder, folder / "metadata.csv", sure=0.5)
    line = next(row for row in table(folder / "metadata.csv") if row["file_name"] == "03.png")
    assert line["colour"] == "maroon"
    assert "colour" not in line["guessed"]


def test_titles_folders_and_the_sets_own_columns_count_as_said(
    recognition: Recognition, tmp_path: Path
) -> None:
    files = {
        f"train/{c}/{i}.png": photo_bytes(draw_product(c, "red", seed=i), "PNG")
        for i, c in enumerate(("belts", "umbrellas"))
    }
    folder = write_files(tmp_path / "set", files)
    done = label(recognition, folder, folder / "metadata.csv", sure=0.5)
    assert {p.name: (p.attributes["category"], p.split) for p in read_products(folder).products} == {
        "train/belts/0.png": ("belts", "train"),
        "train/umbrellas/1.png": ("umbrellas", "train"),
    }, "class folders still count beside the table"
    assert "category" not in done.guessed

    rows = [{"file_name": f"{i:02}.png", "baseColour": "Navy", "title": "Striped thing"} for i in range(16)]
    done = label(recognition, write_set(tmp_path / "b.zip", rows), tmp_path / "b.csv", sure=0.01)
    assert set(done.guessed) == {"category"}
    assert {(line["basecolour"], line["pattern"]) for line in table(done.table)} == {("Navy", "striped")}
    assert "colour" not in table(done.table)[0]


_CELLS = st.sampled_from(
    ["", "red", "navy blue", "sea foam", "=HYPERLINK(1)", "+1", "-2", "@x", "红色", 'a "b", c']
)


@hypothesis_settings(max_examples=10, deadline=None)
@given(
    colours=st.lists(_CELLS, min_size=16, max_size=16),
    prefix=st.sampled_from(["", "-", "=a", "sub/@", "+红"]),
)
def test_what_a_person_said_is_never_changed(
    recognition: Recognition, colours: list[str], prefix: str
) -> None:
    names = [f"{prefix}{i:02}.png" for i in range(16)]
    with tempfile.TemporaryDirectory() as temporary:
        folder, out = Path(temporary) / "set", Path(temporary) / "set" / "metadata.csv"
        write_set(
            folder, [{"file_name": n, "colour": c} for n, c in zip(names, colours, strict=True)], prefix
        )
        for _ in range(2):
            label(recognition, folder, out, sure=0.5)
            (folder / "metadata.jsonl").unlink(missing_ok=True)  # the table takes its place
            lines = {line["file_name"].removeprefix("./"): line for line in table(out)}
            assert set(lines) == set(names) == {p.name for p in read_products(folder).products}
            for name, said in zip(names, colours, strict=True):
                if said:
                    assert lines[name]["colour"].removeprefix("'") == said
                    assert "colour" not in lines[name]["guessed"]
            cells = [cell for line in lines.values() for cell in line.values()]
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_a_photo_that_cannot_be_decoded_keeps_its_line(recognition: Recognition, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", None)
    whole = (folder / "05.png").read_bytes()
    (folder / "05.png").write_bytes(whole[: len(whole) // 2])
    done = label(recognition, folder, tmp_path / "m.csv", sure=0.5)
    assert done.photos == 16
    assert Counter(line["guessed"] == "" for line in table(done.table)) == {False: 15, True: 1}


def test_a_limit_looks_at_no_more(recognition: Recognition, tmp_path: Path) -> None:
    done = label(recognition, write_set(tmp_path / "set", None), tmp_path / "m.csv", sure=0.5, limit=3)
    assert done.photos == 16
    assert done.guessed["colour"] == 3


@pytest.mark.parametrize(
    "options", [{"sure": 0}, {"sure": 1.5}, {"sure": float("nan")}, {"limit": 0}, {"first": -1}]
)
def test_impossible_options_are_refused(recognition: Recognition, tmp_path: Path, options: dict) -> None:
    with pytest.raises(EcomgenError) as caught:
        label(recognition, write_set(tmp_path / "set", None), tmp_path / "m.csv", **options)
    assert str(caught.value).endswith(".")
    assert not (tmp_path / "m.csv").exists()


def test_a_table_that_cannot_be_written_is_one_sentence(recognition: Recognition, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", None)
    with pytest.raises(EcomgenError, match="cannot be written"):
        label(recognition, folder, folder / "00.png" / "m.csv")
