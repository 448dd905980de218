"""What a product set holds, on products drawn by the test; and the set that is made of it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from drawing import (
    CATEGORIES,
    COLOURS,
    draw_person,
    draw_product,
    photo_bytes,
    write_files,
    write_product_set,
)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from ecomgen.data.archive import Limits
from ecomgen.data.cleaning import Cleaning
from ecomgen.data.metadata import MAX_VALUE
from ecomgen.data.photo_faults import Fault
from ecomgen.data.products import read_products
from ecomgen.errors import DataError, EcomgenError, InvalidRequest
from ecomgen.services.checking import SURE, Checking
from ecomgen.services.preparing import LEFT_OUT
from ecomgen.services.recognition import Recognition
from ecomgen.settings import Settings

SIZE = (160, 160)


@pytest.fixture(scope="module")
def checking(seeing: Path) -> Checking:
    settings = Settings(checkpoints=seeing)
    return Checking(settings, Recognition(settings))


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Checking:
    """Without a recogniser."""
    settings = Settings(checkpoints=tmp_path_factory.mktemp("nothing"))
    return Checking(settings, Recognition(settings))


def table(text: str) -> dict[str, dict[str, str]]:
    return {row["file_name"]: row for row in csv.DictReader(io.StringIO(text))}


def test_every_kind_of_fault_is_found_and_good_photos_have_none(checking: Checking, tmp_path: Path) -> None:
    bag, wall = draw_product("handbags", "blue", SIZE, 1), draw_product("caps", "red", SIZE, 5)
    for x in range(0, SIZE[0], 20):
        wall.paste((40, 60, 120), (x, 0, x + 10, 40))
        wall.paste((40, 60, 120), (x, 120, x + 10, SIZE[1]))
    photos = {
        "a.png": bag,
        "b.png": draw_product("watches", "green", SIZE, 2),
        "c.png": draw_product("belts", "red", (40, 44), 3),
        "d.png": draw_product("sunglasses", "black", SIZE, 4).filter(ImageFilter.GaussianBlur(4)),
        "e.png": wall,
        "f.png": bag.resize((120, 120)),
        "g.png": draw_person("#e0ac69"),
        "h.png": draw_product(
            "handbags", "red", SIZE, 1
        ),  # the same shape in another colour is another product
    }
    files = {name: photo_bytes(photo, "PNG") for name, photo in photos.items()}
    files |= {
        "half.png": files["b.png"][: len(files["b.png"]) // 2],
        "page.svg": b"<svg/>",
        "text.jpg": b"red shoes",
    }
    checked = checking.check(write_files(tmp_path / "set.zip", files))
    assert {p.name: p.faults for p in checked.products if p.faults} == {
        "c.png": (Fault("tiny"),),
        "d.png": (Fault("blurred"),),
        "e.png": (Fault("background"),),
        "f.png": (Fault("duplicate", "a.png"),),
        "g.png": (Fault("person"),),
    }
    assert [p.name for p in checked.products] == sorted(photos)
    assert {r.name for r in checked.refused} == {"half.png", "page.svg", "text.jpg"}
    assert all(r.reason.endswith(".") for r in checked.refused)
    assert {(p.name, p.width, p.height) for p in checked.products} == {
        (n, *i.size) for n, i in photos.items()
    }
    assert (checked.sizes.smallest, checked.sizes.median, checked.sizes.largest) == (44, 160, 240)
    assert any("in 1 of 8 photos" in note for note in checked.notes)  # the wall
    assert json.loads(json.dumps(checked.to_dict()))["faults"]["duplicate"] == 1


def test_what_nobody_said_is_guessed_and_marked(checking: Checking, blind: Checking, tmp_path: Path) -> None:
    shown = [(c, k) for c in CATEGORIES[:3] for k in ("red", "blue", "green")]
    files = {f"{i}.png": photo_bytes(draw_product(c, k, seed=i), "PNG") for i, (c, k) in enumerate(shown)}
    files["metadata.csv"] = b"file_name,category,colour\n" + b"".join(
        f"{i}.png,{c},{'teal' if i == 0 else ''}\n".encode() for i, (c, _) in enumerate(shown)
    )
    source = write_files(tmp_path / "set.zip", files)
    checked = checking.check(source)
    right = sum(p.attributes["colour"] == k for p, (_, k) in zip(checked.products, shown, strict=True))
    assert right >= 6, "one colour is what a person said, a few may be too unsure"
    assert checked.products[0].attributes["colour"] == "teal"
    assert all("category" not in p.guessed for p in checked.products)
    assert all(SURE <= c <= 1 for p in checked.products for c in p.guessed.values())
    assert checked.counts()["category"] == dict.fromkeys(CATEGORIES[:3], 3)
    rows = table(checking.table(checked))
    marked = [name for name, row in rows.items() if f"colour={row['colour']}" in row["guessed"]]
    assert marked == [p.name for p in checked.products if "colour" in p.guessed]

    unguessed = blind.check(source)
    assert not any(p.guessed for p in unguessed.products)
    assert len(unguessed.notes) == 1
    assert unguessed.notes[0].startswith("Nothing was guessed")


def test_a_set_made_ready_is_read_back_as_edited(checking: Checking, tmp_path: Path) -> None:
    source = write_product_set(tmp_path / "set.zip", 12, size=(90, 120))
    names = [p.name for p in read_products(source).products]
    edits = {
        names[0]: {"category": "Teapot", "colour": None},  # its title says a colour, too
        names[1]: LEFT_OUT,
        names[2]: {"colour": "navy", "season": "夏天"},
    }
    for target in (tmp_path / "ready", tmp_path / "ready.zip"):
        ready = checking.prepare(checking.check(source), edits, Cleaning(largest=64), target)
        assert (ready.photos, ready.left_out, ready.refused, ready.unread) == (11, 1, (), ())
        found = read_products(target)
        assert [p.name for p in found.products] == [f"images/{i:06}.webp" for i in range(1, 12)]
        first, second, third = (p.attributes for p in found.products[:3])
        assert (first["category"], first["colour"]) == ("teapot", None)
        assert (second["colour"], second["season"]) == ("navy blue", "summer")
        assert third == read_products(source).products[3].attributes | {"pattern": third["pattern"]}
        assert all(p.image().size == (64, 64) for p in found.products)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []

    checked = checking.check(source)
    checking.write_metadata(checked, edits, tmp_path / "metadata.csv")
    rows = table((tmp_path / "metadata.csv").read_text(encoding="utf-8-sig"))
    assert names[1] not in rows
    assert rows[names[0]]["colour"] == "unspecified"


def test_folders_that_say_the_split_and_votes_are_kept(checking: Checking, tmp_path: Path) -> None:
    files = {
        f"{split}/{c}/{i}.png": photo_bytes(draw_product(c, "red", seed=i), "PNG")
        for i, (split, c) in enumerate([("train", "belts"), ("train", "caps"), ("test", "belts")])
    }
    source = write_files(tmp_path / "set", files)
    checking.prepare(checking.check(source), {}, Cleaning(), tmp_path / "ready")
    found = sorted((p.split, p.attributes["category"]) for p in read_products(tmp_path / "ready").products)
    assert found == [("test", "belts"), ("train", "belts"), ("train", "caps")]

    files = {
        "a.png": photo_bytes(draw_product("belts", "red"), "PNG"),
        "metadata.csv": b"file_name,vote weight\na.png,3\n",
    }
    votes = checking.check(write_files(tmp_path / "votes", files))
    checking.prepare(votes, {}, Cleaning(), tmp_path / "weighed.zip")
    assert [p.vote_weight for p in read_products(tmp_path / "weighed.zip").products] == [3.0]


_PARTS = st.sampled_from(["teapot", "red", "帽衫", "=1+1", "-x", "@a", "'", "\0", "\u200b", "ｃａｐｅ", "501", "nike", ";", ",", '"', "\n", " ", "\ud800", "a" * 45])  # fmt: skip
_WORDS = st.one_of(st.none(), st.text(max_size=50), st.lists(_PARTS, max_size=4).map("".join), st.integers())


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    words=st.lists(_WORDS, min_size=4, max_size=4),
    attribute=st.sampled_from(["category", "colour", "season"]),
)
def test_any_edit_is_refused_in_one_sentence_or_read_back(
    blind: Checking, product_folder: Path, words: list, attribute: str
) -> None:
    checked = blind.check(product_folder) if not _CHECKED else _CHECKED[0]
    _CHECKED[:] = [checked]
    names = [p.name for p in checked.products]
    edits = dict.fromkeys(names[4:], LEFT_OUT)
    accepted = []
    for name, word in zip(names, words, strict=False):
        try:
            blind.table(checked, {name: {attribute: word}})
        except InvalidRequest as error:
            assert str(error).endswith(".")
            assert str(error).isprintable()
            continue
        edits[name] = {attribute: word}
        accepted.append(name)
    text = blind.table(checked, edits)
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        for row in table(text).values()
        for cell in row.values()
    )
    with tempfile.TemporaryDirectory() as folder:
        ready = blind.prepare(checked, edits, Cleaning(largest=32), Path(folder) / "set")
        assert ready.unread == ()
        back = [p.attributes[attribute] for p in read_products(ready.path).products]
    for i, name in enumerate(names[:4]):
        told = table(text)[name][attribute]
        assert (back[i] or "unspecified") == (told or "unspecified")
        assert len(told) <= MAX_VALUE
        if name in accepted and isinstance(words[i], str) and words[i].isascii() and words[i].isalpha():
            assert back[i] is not None


_CHECKED: list = []


@pytest.mark.parametrize(
    "edits",
    [
        5,
        ["left out"],
        {"no such.jpg": LEFT_OUT},
        {3: LEFT_OUT},
        {"images/0000.jpg": "gone"},
        {"images/0000.jpg": {"no such": "red"}},
        {"images/0000.jpg": {7: "red"}},
        {"images/0000.jpg": {"colour": ["red"]}},
        {"images/0000.jpg": {"category": "Nike"}},
        {"images/0000.jpg": {"category": "x" * 41}},
        {f"images/{i:04}.jpg": LEFT_OUT for i in range(36)},
    ],
)
def test_impossible_edits_are_one_sentence(
    blind: Checking, product_folder: Path, tmp_path: Path, edits: object
) -> None:
    checked = blind.check(product_folder)
    with pytest.raises(InvalidRequest) as caught:
        blind.prepare(checked, edits, Cleaning(), tmp_path / "ready")
    assert str(caught.value).endswith(".")
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_hostile_sets_are_one_sentence(checking: Checking, tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(20_000_000))
    whole = write_product_set(tmp_path / "set.zip", 4).read_bytes()
    for name, content in {"bomb.zip": bomb.getvalue(), "cut.zip": whole[:3000], "text.zip": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError) as caught:
            checking.check(tmp_path / name)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)
    whole = photo_bytes(draw_product("belts", "red", SIZE), "PNG")
    half = whole[: len(whole) // 2]
    with pytest.raises(DataError, match="no photo that can be decoded"):
        checking.check(write_files(tmp_path / "half.zip", {"a.png": half}))


def test_a_file_whose_name_is_no_text_is_refused(checking: Checking, tmp_path: Path) -> None:
    folder = write_product_set(tmp_path / "set", 3)
    good = (folder / "images/0000.jpg").read_bytes()
    try:
        (folder / os.fsdecode(b"images/\xff.jpg")).write_bytes(good)
    except OSError:
        pytest.skip("this file system takes only text")
    checked = checking.check(folder)
    assert len(checked.products) == 3
    assert "not readable text" in checked.refused[0].reason
    json.dumps(checked.to_dict(), ensure_ascii=False).encode()


def test_nothing_that_is_there_is_overwritten(blind: Checking, product_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "precious").write_text("x")
    (tmp_path / "file").write_text("x")
    checked = blind.check(product_folder)
    for target in (tmp_path / "kept", tmp_path / "file"):
        with pytest.raises(InvalidRequest, match=r"please name a .*\.$"):
            blind.prepare(checked, {}, Cleaning(), target)
    with pytest.raises(EcomgenError, match="cannot be written"):
        blind.prepare(checked, {}, Cleaning(), tmp_path / "file" / "below")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "kept"]


def test_a_killed_or_stopped_prepare_leaves_nothing_half(
    blind: Checking, product_folder: Path, tmp_path: Path
) -> None:
    class Stop(Exception):
        pass

    def stop(what: str, share: float) -> None:
        if what == "Cleaning the photos":
            raise Stop

    checked = blind.check(product_folder)
    for target in (tmp_path / "ready", tmp_path / "ready.zip"):
        with pytest.raises(Stop):
            blind.prepare(checked, {}, Cleaning(), target, update_progress=stop)
    assert list(tmp_path.iterdir()) == []

    program = (
        "import sys, time; from pathlib import Path\n"
        "from ecomgen.services.checking import Checking; from ecomgen.services.recognition import Recognition\n"
        "from ecomgen.data.cleaning import Cleaning; from ecomgen.settings import Settings\n"
        "def tell(what, share):\n"
        "    if what == 'Cleaning the photos': print('half', flush=True); time.sleep(60)\n"
        "s = Settings(checkpoints=Path(sys.argv[2])); c = Checking(s, Recognition(s))\n"
        "c.prepare(c.check(Path(sys.argv[1])), {}, Cleaning(), Path(sys.argv[3]), tell)\n"
    )
    target = tmp_path / "ready"
    arguments = [sys.executable, "-c", program, str(product_folder), str(tmp_path / "none"), str(target)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "half\n"
        running.send_signal(signal.SIGKILL)
    assert not target.exists()
    left = next(p for p in tmp_path.iterdir() if p.name.endswith(".part"))
    long_ago = time.time() - 7 * 3600
    os.utime(left, (long_ago, long_ago))
    assert blind.prepare(checked, {}, Cleaning(), target).photos == 36
    assert [p.name for p in tmp_path.iterdir()] == ["ready"]


def test_a_photo_that_is_gone_by_then_is_refused(blind: Checking, tmp_path: Path) -> None:
    source = write_product_set(tmp_path / "set", 4)
    checked = blind.check(source)
    (source / "images/0001.jpg").unlink()
    (source / "images/0002.jpg").write_bytes(b"nonsense")
    ready = blind.prepare(checked, {"images/0000.jpg": LEFT_OUT}, Cleaning(), tmp_path / "ready")
    assert (ready.photos, ready.left_out) == (1, 1)
    assert {r.name for r in ready.refused} == {"images/0001.jpg", "images/0002.jpg"}


def test_large_jpegs_are_looked_at_small_and_measured_whole(blind: Checking, tmp_path: Path) -> None:
    photo = draw_product("handbags", "green", (1600, 1200), 3)
    source = write_files(tmp_path / "set", {"a.jpg": photo_bytes(photo)})
    checked = blind.check(source)
    assert (checked.products[0].width, checked.products[0].height) == (1600, 1200)
    small = np.asarray(read_products(source).products[0].image(256), np.int16)
    assert small.shape == (300, 400, 3)
    expected = np.asarray(photo.resize((400, 300), Image.Resampling.BOX), np.int16)
    assert np.abs(small - expected).mean() < 3


def test_a_new_word_of_too_few_photos_in_a_large_set_is_told(blind: Checking, tmp_path: Path) -> None:
    drawn = [photo_bytes(draw_product("belts", colour, (8, 8)), "PNG") for colour in COLOURS]
    files = {f"belts/{i:04}.png": drawn[i % len(drawn)] for i in range(1001)}
    source = write_files(tmp_path / "set.zip", files)
    checked = blind.check(source)
    ready = blind.prepare(
        checked, {"belts/0000.png": {"category": "teapot"}}, Cleaning(), tmp_path / "ready.zip"
    )
    assert ready.unread == (("category", "teapot"),)


def test_limits_hold(seeing: Path, tmp_path: Path) -> None:
    settings = Settings(checkpoints=seeing)
    checking = Checking(settings, Recognition(settings), Limits(entries=3))
    with pytest.raises(DataError, match="more than 3 files"):
        checking.check(write_product_set(tmp_path / "set.zip", 4))
