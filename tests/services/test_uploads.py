"""Product sets that come in by pieces, or lie on the server already."""

import os
import time
from pathlib import Path

import pytest
from drawing import write_product_set
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ecomgen.errors import InvalidRequest
from ecomgen.services.uploads import PIECE, Uploads
from ecomgen.settings import Settings


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    offered = tmp_path / "offered"
    write_product_set(offered / "shoes", 3)
    write_product_set(offered / "bags.zip", 3)
    (offered / "notes.txt").write_text("x")
    (offered / ".hidden").mkdir()
    return Uploads(Settings(home=tmp_path / "home", max_upload_mb=1, product_sets=str(offered)))


def test_pieces_arrive_in_order_and_a_repeated_one_changes_nothing(uploads: Uploads) -> None:
    begun = uploads.begin("photos", ["a.PNG", "../../b"], [5, 3])
    assert not begun.complete
    assert uploads.append(begun.id, 0, 0, b"abc") == 3
    assert uploads.append(begun.id, 0, 0, b"abc") == 3  # its answer was lost, so it was sent again
    assert uploads.append(begun.id, 0, 3, b"de") == 5
    assert uploads.append(begun.id, 1, 0, b"xyz") == 3
    done = uploads.upload(begun.id)
    assert done.complete
    assert [(p.name, p.read_bytes()) for p in sorted(done.source.iterdir())] == [
        ("00001.png", b"abcde"),
        ("00002.jpg", b"xyz"),
    ]


@pytest.mark.parametrize(
    ("index", "offset", "piece"),
    [(0, 1, b"a"), (0, 0, b"abcdef"), (1, 0, b"a"), (-1, 0, b"a"), (0, 0, bytes(PIECE + 1))],
)
def test_a_piece_that_does_not_fit_is_refused(
    uploads: Uploads, index: int, offset: int, piece: bytes
) -> None:
    begun = uploads.begin("zip", ["a.zip"], [5])
    with pytest.raises(InvalidRequest, match="does not belong"):
        uploads.append(begun.id, index, offset, piece)
    assert uploads.upload(begun.id).received == (0,)


_SIZES = st.lists(st.one_of(st.integers(-(2**70), 2**70), st.booleans(), st.text(max_size=3)), max_size=3)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.text(max_size=8), st.lists(st.text(max_size=20), max_size=3), _SIZES)
def test_whatever_is_announced_is_taken_or_refused(
    tmp_path_factory, kind: str, names: list, sizes: list
) -> None:
    uploads = Uploads(Settings(home=tmp_path_factory.getbasetemp() / "announced", max_upload_mb=1))
    for one in (kind, "zip", "photos"):
        try:
            begun = uploads.begin(one, names, sizes)
        except InvalidRequest as error:
            assert str(error).endswith(".")
        else:
            assert begun.sizes == tuple(sizes)
            assert sum(sizes) <= 2**20


def test_a_set_on_the_server_is_taken_where_it_lies(uploads: Uploads, tmp_path: Path) -> None:
    assert uploads.on_server() == ["bags.zip", "shoes"]
    for name in uploads.on_server():
        chosen = uploads.choose(name)
        assert chosen.complete
        assert chosen.source == tmp_path / "offered" / name
        with pytest.raises(InvalidRequest):
            uploads.append(chosen.id, 0, 0, b"x")
    for bad in ("", ".", "..", ".hidden", "notes.txt", "../offered/shoes", "/etc", None, 5, ["shoes"]):
        with pytest.raises(InvalidRequest, match=r"on the server\.$"):
            uploads.choose(bad)  # type: ignore[arg-type]
    assert Uploads(Settings(home=tmp_path)).on_server() == []
    assert Uploads(Settings(home=tmp_path, product_sets=str(tmp_path / "gone"))).on_server() == []


def test_what_nobody_needs_is_swept_away(uploads: Uploads) -> None:
    old, used, new = (uploads.begin("zip", ["a.zip"], [5]) for _ in range(3))
    yesterday = time.time() - 25 * 3600
    for upload in (old, used):
        folder = uploads.folder(upload.id)
        for path in (*folder.iterdir(), folder):
            os.utime(path, (yesterday, yesterday))
    uploads.sweep({used.id})
    with pytest.raises(InvalidRequest, match="no longer here"):
        uploads.upload(old.id)
    assert {uploads.upload(each.id).id for each in (used, new)} == {used.id, new.id}
