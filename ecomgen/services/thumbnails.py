"""Small copies of the kept pictures, for pages that show hundreds: made on first use and kept beside them."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.services.pictures import prune, replace_file
from ecomgen.services.review import Review
from ecomgen.settings import Settings

SIDE = 256
"""Longest side of a thumbnail, in pixels; a smaller picture keeps its size."""

_KEPT = 50_000
_PRUNE_EVERY = 1000


class Thumbnails:
    """WebP files in the home folder; nothing is made there before the first call. Safe from many threads."""

    def __init__(self, settings: Settings, review: Review) -> None:
        self._folder = settings.home / "thumbnails"
        self._review = review
        self._made = 0

    def path(self, picture_id: str) -> Path:
        """The file of a picture's thumbnail. Raises InvalidRequest when there is no such picture, or its file was cleared.

        Raises StoreError when it cannot be kept.
        """
        picture = self._review.picture(picture_id)
        target = self._folder / f"{picture.id}.webp"
        if target.is_file():
            return target
        if picture.path is None:
            raise InvalidRequest("The picture's file was cleared to make room.")
        content = io.BytesIO()
        try:
            with Image.open(picture.path, formats=("PNG",)) as image:
                small = image.convert("RGB")
            small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
            small.save(content, "WEBP", quality=88)
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(target, content.getvalue())
        except OSError as error:
            reason = error.strerror or "the picture's file is damaged"
            raise StoreError(f"The thumbnail cannot be made: {reason}.") from error
        self._made += 1
        if self._made % _PRUNE_EVERY == 0:
            prune(self._folder, _KEPT, ())
        return target
