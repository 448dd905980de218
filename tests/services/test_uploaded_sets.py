"""What is told of uploaded sets, on products drawn by the test and without a recogniser."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from drawing import COLOURS, draw_product, photo_bytes, write_files
from PIL import Image

from ecomgen.data.cleaning import Cleaning
from ecomgen.data.products import read_products
from ecomgen.errors import InvalidRequest
from ecomgen.services.checked import Checked
from ecomgen.services.checking import Checking
from ecomgen.services.preparing import LEFT_OUT
from ecomgen.services.recognition import Recognition
from ecomgen.services.uploaded_sets import Underway, UploadedSets
from ecomgen.services.uploads import Uploads
from ecomgen.settings import Settings

T = TypeVar("T")
NOTHING = Cleaning(trim=False, pad=False)
SCRIPT = b"<script>alert(1)</script>"


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(Settings(home=tmp_path / "home"))


@pytest.fixture
def sets(uploads: Uploads, tmp_path: Path) -> UploadedSets:
    settings = Settings(checkpoints=tmp_path / "none")
    return UploadedSets(uploads, Checking(settings, Recognition(settings)))


def waited(ask: Callable[[], T | Underway]) -> T:
    while True:
        answer = ask()
        if not isinstance(answer, Underway):
            return answer
        time.sleep(0.02)


def sent(uploads: Uploads, path: Path) -> str:
    content = path.read_bytes()
    begun = uploads.begin("zip", [path.name], [len(content)])
    uploads.append(begun.id, 0, 0, content)
    return begun.id


def belts(path: Path) -> Path:
    """Six belts on grey, the first with a script behind its picture; and a file that is no photo."""
    grey = (210, 208, 205)
    files = {
        f"belts/{i}.jpg": photo_bytes(draw_product("belts", colour, (300, 200), i, grey))
        for i, colour in enumerate(COLOURS)
    }
    files["belts/0.jpg"] = files["belts/0.jpg"][:-2] + SCRIPT + b"\xff\xd9"
    return write_files(path, files | {"belts/page.svg": b"<svg/>"})


def test_a_set_is_looked_at_once_and_shown_as_our_own_files(
    uploads: Uploads, sets: UploadedSets, tmp_path: Path
) -> None:
    id = sent(uploads, belts(tmp_path / "set.zip"))
    checked = waited(lambda: sets.checked(id))
    assert isinstance(checked, Checked)
    assert sets.checked(id) is checked
    assert [r.name for r in checked.refused] == ["belts/page.svg"]
    small = sets.small_copy(id, 0).read_bytes()
    assert SCRIPT not in small
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("WEBP", (240, 160))
    cleaned = sets.cleaned_copy(id, 0, Cleaning(trim=False, white_background=True))
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.size == (240, 240)
        assert min(image.convert("RGB").getpixel((3, 3))) > 250
    for index in (-1, 6, 10**9):
        with pytest.raises(InvalidRequest, match="no photo with this number"):
            sets.small_copy(id, index)


def test_a_set_is_prepared_once_for_the_same_wishes(
    uploads: Uploads, sets: UploadedSets, tmp_path: Path
) -> None:
    id = sent(uploads, belts(tmp_path / "set.zip"))
    waited(lambda: sets.checked(id))
    edits = {"belts/0.jpg": LEFT_OUT, "belts/1.jpg": {"colour": "teal"}}
    first = waited(lambda: sets.prepare(id, edits, Cleaning()))
    assert sets.prepare(id, edits, Cleaning()) == first
    other = waited(lambda: sets.prepare(id, edits, NOTHING))
    assert other != first
    squares, wide = (read_products(sets.prepared(id, each)) for each in (first, other))
    assert (len(squares), squares.products[0].attributes["colour"]) == (5, "teal")
    assert {p.image().width == p.image().height for p in squares.products} == {True}
    assert {p.image().size for p in wide.products} == {(300, 200)}
    assert "teal" in sets.table(id, edits)
    for bad in ("../..", "", None, "0" * 32, [first]):
        with pytest.raises(InvalidRequest):
            sets.prepared(id, bad)


def test_what_cannot_be_is_one_sentence(uploads: Uploads, sets: UploadedSets, tmp_path: Path) -> None:
    half = uploads.begin("zip", ["a.zip"], [9])
    with pytest.raises(InvalidRequest, match="has not arrived completely"):
        sets.checked(half.id)
    id = sent(uploads, write_files(tmp_path / "none.zip", {"a.txt": b"x"}))
    with pytest.raises(InvalidRequest, match="holds no usable photo"):
        waited(lambda: sets.checked(id))
    id = sent(uploads, belts(tmp_path / "set.zip"))
    waited(lambda: sets.checked(id))
    for edits in ({"gone.jpg": LEFT_OUT}, {"belts/0.jpg": {"category": "<b>"}}, 5):
        with pytest.raises(InvalidRequest):
            sets.prepare(id, edits, Cleaning())
    nothing = dict.fromkeys((f"belts/{i}.jpg" for i in range(6)), LEFT_OUT)
    with pytest.raises(InvalidRequest, match="Every photo is left out"):
        waited(lambda: sets.prepare(id, nothing, Cleaning()))
