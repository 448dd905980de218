import uuid

import pytest
from PIL import Image

from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.services.records import Picture
from ecomgen.services.review import Review
from ecomgen.services.thumbnails import SIDE, Thumbnails
from ecomgen.settings import Settings


def made(size):
    image = Image.new("RGB", size, (200, 30, 30))
    return Picture(uuid.uuid4().hex, image, "red shoes", {}, 1, 0.8, "default", "abc")


@pytest.fixture
def desk(tmp_path):
    settings = Settings(home=tmp_path)
    review = Review(settings)
    yield review, Thumbnails(settings, review)
    review.close()


@pytest.mark.parametrize(("size", "shown"), [((1024, 512), (SIDE, SIDE // 2)), ((64, 64), (64, 64))])
def test_a_thumbnail_is_small_and_made_once(desk, size, shown):
    review, thumbnails = desk
    (kept,) = review.record([made(size)])
    path = thumbnails.path(kept.id)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("WEBP", shown)
    before = path.stat().st_mtime_ns
    kept.path.unlink()  # the thumbnail outlives the file
    assert thumbnails.path(kept.id) == path
    assert path.stat().st_mtime_ns == before


def test_what_has_no_thumbnail_is_one_sentence(desk):
    review, thumbnails = desk
    cleared, damaged = review.record([made((8, 8)), made((8, 8))])
    cleared.path.unlink()
    damaged.path.write_bytes(b"\x89PNG nothing")
    for id in (cleared.id, "f" * 32, "../x"):
        with pytest.raises(InvalidRequest):
            thumbnails.path(id)
    with pytest.raises(StoreError, match="damaged"):
        thumbnails.path(damaged.id)
