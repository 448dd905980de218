import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.errors import StoreError
from ecomgen.services.tables import harmless, harmless_name, write_table


@given(st.text(max_size=20))
def test_no_cell_is_a_formula_and_harmless_ones_stay(text: str) -> None:
    cell = harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert harmless(cell) == cell


@pytest.mark.parametrize("name", ["=1.jpg", "+a/b.png", "-.png", "@2x.png", "a.png"])
def test_names_still_name_the_same_file(name: str) -> None:
    assert not harmless_name(name).startswith(("=", "+", "-", "@"))
    assert Path(harmless_name(name)) == Path(name)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = [{"file_name": "a.png", "title": 'Red, "big"\n红色'}, {"title": "=1+1", "file_name": "-b.png"}]
    path = write_table(tmp_path / "new" / "table.csv", ["file_name", "title", "colour"], rows)
    with path.open(encoding="utf-8-sig", newline="") as file:
        read = list(csv.reader(file))
    assert read == [
        ["file_name", "title", "colour"],
        ["a.png", 'Red, "big"\n红色', ""],
        ["./-b.png", "'=1+1", ""],
    ]
    assert [p.name for p in path.parent.iterdir()] == ["table.csv"], "no temporary file is left"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written .*\.$"):
        write_table(tmp_path / "file" / "table.csv", ["a"], [])
