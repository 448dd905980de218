"""Uploaded product sets, ready to be asked about: looked at once, shown as small copies, and cleaned into sets to learn from."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

from PIL import Image

from ecomgen.data.cleaning import Cleaning, clean
from ecomgen.errors import DataError, EcomgenError, InvalidRequest
from ecomgen.services.checked import Checked
from ecomgen.services.checking import Checking
from ecomgen.services.pictures import replace_file
from ecomgen.services.preparing import Progress, webp
from ecomgen.services.review_input import checked_id
from ecomgen.services.uploads import Uploads

_SIDE = 240
_KEPT = 8
_AT_ONCE = 2  # a photo may take 200 MB while it is decoded

T = TypeVar("T")


@dataclass(frozen=True)
class Underway:
    """How far something is that takes a while; ask again."""

    what: str
    share: float


class UploadedSets:
    """Safe to share between threads; what it knows of a set is lost with the app and found out again.

    Raises InvalidRequest, EcomgenError.
    """

    def __init__(self, uploads: Uploads, checking: Checking) -> None:
        self._uploads, self._checking = uploads, checking
        self._checks: OrderedDict[str, _Work[Checked]] = OrderedDict()
        self._preparations: dict[Path, _Work[object]] = {}
        self._asking, self._working = threading.Lock(), threading.Lock()
        self._decoding = threading.Semaphore(_AT_ONCE)

    def checked(self, upload_id: str) -> Checked | Underway:
        """What a set holds; the first to ask starts the looking."""
        upload = self._uploads.upload(upload_id)
        if not upload.complete:
            raise InvalidRequest("The product set has not arrived completely; please upload it again.")
        with self._asking:
            if upload.id not in self._checks:
                self._checks[upload.id] = _Work(
                    lambda tell: self._checking.check(upload.source, tell), self._working
                )
                while len(self._checks) > _KEPT:
                    self._checks.popitem(last=False)
            self._checks.move_to_end(upload.id)
            work = self._checks[upload.id]
            if work.failed:
                del self._checks[upload.id]
            return work.result()

    def table(self, upload_id: str, edits: object) -> str:
        """The completed metadata.csv."""
        return self._checking.table(self._known(upload_id), edits)

    def small_copy(self, upload_id: str, index: int) -> Path:
        """A small copy of a photo as a WebP file, encoded by us."""
        target = self._uploads.folder(upload_id) / "small" / f"{index}.webp"
        if not target.is_file():
            content = self._small(upload_id, index, None)
            try:
                target.parent.mkdir(exist_ok=True)
                replace_file(target, content)
            except OSError as error:
                raise EcomgenError("The thumbnail cannot be kept; the disk may be full.") from error
        return target

    def cleaned_copy(self, upload_id: str, index: int, cleaning: Cleaning) -> bytes:
        """The same, as the photo would be learnt from."""
        return self._small(upload_id, index, cleaning)

    def prepare(self, upload_id: str, edits: object, cleaning: Cleaning) -> str | Underway:
        """The id of the set that is learnt from: with the visitor's changes, and cleaned; made once for the same wishes."""
        checked = self._known(upload_id)
        self._checking.table(checked, edits)  # a change that cannot be is told at once
        wishes = json.dumps([edits, asdict(cleaning)], sort_keys=True)
        id = hashlib.sha256(wishes.encode()).hexdigest()[:32]
        target = self._uploads.folder(upload_id) / f"set-{id}"
        with self._asking:
            if target not in self._preparations:
                if target.is_dir():
                    return id
                self._preparations[target] = _Work(
                    lambda tell: self._checking.prepare(checked, edits, cleaning, target, tell), self._working
                )
            work = self._preparations[target]
            if work.ended:
                del self._preparations[target]
            done = work.result()
        return done if isinstance(done, Underway) else id

    def prepared(self, upload_id: str, prepared_id: object) -> Path:
        """A set that was prepared before."""
        folder = self._uploads.folder(upload_id)
        self._uploads.touch(upload_id)
        target = folder / f"set-{checked_id('product set', prepared_id)}"
        if not target.is_dir():
            raise InvalidRequest("Please look at the set and continue from there.")
        return target

    def _known(self, upload_id: str) -> Checked:
        checked = self.checked(upload_id)
        if isinstance(checked, Underway):
            raise InvalidRequest("The photos are still being looked at; please wait a moment.")
        return checked

    def _small(self, upload_id: str, index: int, cleaning: Cleaning | None) -> bytes:
        products = self._known(upload_id).products
        if not 0 <= index < len(products):
            raise InvalidRequest("There is no photo with this number.")
        product = products[index].product
        try:
            with self._decoding:
                if cleaning is None:
                    photo = product.image(2 * _SIDE)
                else:
                    photo = clean(product.image(2 * cleaning.largest), cleaning)
                photo.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        except DataError as error:
            raise InvalidRequest(str(error)) from error
        return webp(photo, quality=82)


class _Work(Generic[T]):
    """Something that takes a while, in a thread that an app which is stopped does not wait for; `turn` lets one at a time."""

    def __init__(self, do: Callable[[Progress], T], turn: threading.Lock) -> None:
        self._do, self._turn = do, turn
        self._result: Future[T] = Future()
        self._underway = Underway("", 0.0)
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether there is a result, or an error."""
        return self._result.done()

    @property
    def failed(self) -> bool:
        """Whether it ended in an error."""
        return self.ended and self._result.exception() is not None

    def result(self) -> T | Underway:
        """What came of it, or how far it is."""
        if not self.ended:
            return self._underway
        try:
            return self._result.result()
        except DataError as error:
            raise InvalidRequest(str(error)) from error

    def _run(self) -> None:
        try:
            with self._turn:
                self._result.set_result(self._do(self._tell))
        except BaseException as error:  # it is raised where the result is asked for
            self._result.set_exception(error)

    def _tell(self, what: str, share: float) -> None:
        self._underway = Underway(what, share)
