"""Product sets on their way from a browser: pieces written to disk under names of ours, and swept away when nobody needs them."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.job_folder import read_json, write_json
from ecomgen.services.review_input import checked_id
from ecomgen.settings import Settings

PIECE = 8 * 2**20
"""Most bytes that are sent at once."""

MOST_PHOTOS = 5_000
"""Most photos that are sent one by one; a larger set is sent as a zip."""

KINDS = ("zip", "photos")
_ON_SERVER = "on server"
_MOST_ON_SERVER = 200
_SPARE = 256 * 2**20  # bytes of the disk that no upload may take
_KEPT = 24 * 3600.0
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Upload:
    """What was announced, and how many bytes of each file have arrived."""

    id: str
    kind: str
    sizes: tuple[int, ...]
    received: tuple[int, ...]
    source: Path

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.sizes == self.received


class Uploads:
    """Sets in the home folder, one folder each; nothing is made there before the first. Raises InvalidRequest, EcomgenError."""

    def __init__(self, settings: Settings) -> None:
        self._root, self._most = settings.home / "uploads", settings.max_upload_mb * 2**20
        self._server_sets = Path(settings.product_sets) if settings.product_sets else None
        self._writing = threading.Lock()

    @property
    def most_bytes(self) -> int:
        """Of one set."""
        return self._most

    def begin(self, kind: str, names: Sequence[str], sizes: Sequence[int]) -> Upload:
        """Make room for a set: one zip, or photos. Of the names only the endings are looked at."""
        fits = all(type(size) is int and size > 0 for size in sizes)
        if kind not in KINDS or not sizes or len(sizes) != len(names) or not fits:
            raise InvalidRequest("A product set is one zip or several photos.")
        if len(sizes) > (1 if kind == "zip" else MOST_PHOTOS):
            raise InvalidRequest(
                f"One zip, or at most {MOST_PHOTOS:,} photos at once; please pack more of them into a zip."
            )
        if sum(sizes) > self._most:
            raise InvalidRequest(
                f"A product set may have at most {self._most // 2**20} MB; please send fewer or smaller photos."
            )
        return self._made(kind, [_file_name(kind, i, name) for i, name in enumerate(names)], list(sizes))

    def on_server(self) -> list[str]:
        """The names of the sets that the operator offers: zips and folders in the folder of the settings."""
        try:
            there = sorted(self._server_sets.iterdir()) if self._server_sets else []
        except OSError:
            return []
        sets = [p.name for p in there if p.is_dir() or p.suffix.lower() == ".zip"]
        return [name for name in sets if name.isprintable() and not name.startswith(".")][:_MOST_ON_SERVER]

    def choose(self, name: str) -> Upload:
        """Take one of the sets that are on the server; it stays where it is."""
        if name not in self.on_server():
            raise InvalidRequest("There is no product set of this name on the server.")
        return self._made(_ON_SERVER, [name], [])

    def _made(self, kind: str, files: list[str], sizes: list[int]) -> Upload:
        id = secrets.token_hex(16)
        folder = self._root / id
        try:
            folder.mkdir(parents=True)
            self._check_room(2 * sum(sizes))
            (folder / "photos").mkdir()
            write_json(folder / "upload.json", {"kind": kind, "sizes": sizes, "files": files})
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise EcomgenError("The upload cannot be kept; the disk may be full.") from error
        except EcomgenError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self.upload(id)

    def upload(self, upload_id: str) -> Upload:
        """What has arrived so far."""
        folder = self.folder(upload_id)
        kind, sizes, paths = self._told(folder)
        if kind == _ON_SERVER:
            return Upload(folder.name, kind, (), (), paths[0])
        received = tuple(path.stat().st_size if path.is_file() else 0 for path in paths)
        return Upload(folder.name, kind, sizes, received, paths[0] if kind == "zip" else folder / "photos")

    def folder(self, upload_id: str) -> Path:
        """Where a set and what was made of it lie."""
        folder = self._root / checked_id("product set", upload_id)
        if not (folder / "upload.json").is_file():
            raise InvalidRequest("This product set is no longer here; please upload it again.")
        return folder

    def touch(self, upload_id: str) -> None:
        """Keep it for another day."""
        os.utime(self.folder(upload_id))

    def append(self, upload_id: str, index: int, offset: int, piece: bytes) -> int:
        """Add a piece to the end of a file; how many bytes of it are there now. A piece that is there already changes nothing."""
        folder = self.folder(upload_id)
        _, sizes, paths = self._told(folder)
        if not 0 <= index < len(sizes) or len(piece) > PIECE:
            raise InvalidRequest("This piece does not belong to the product set.")
        with self._writing:
            there = paths[index].stat().st_size if paths[index].is_file() else 0
            if offset + len(piece) <= there:
                return there
            if offset != there or there + len(piece) > sizes[index]:
                raise InvalidRequest("This piece does not belong to the product set.")
            self._check_room(len(piece))
            try:
                with paths[index].open("ab") as file:
                    file.write(piece)
            except OSError as error:
                with suppress(OSError):
                    os.truncate(paths[index], there)
                raise EcomgenError("The upload cannot be kept; the disk may be full.") from error
        return there + len(piece)

    def sweep(self, used: Collection[str], older: float = _KEPT) -> None:
        """Remove the sets that no job needs and that nobody has touched for `older` seconds."""
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            with suppress(OSError, InvalidRequest):
                if checked_id("product set", folder.name) in used:
                    continue
                touched = max(path.stat().st_mtime for path in (folder, *folder.glob("*")))
                if time.time() - touched > older:
                    shutil.rmtree(folder, ignore_errors=True)

    def _told(self, folder: Path) -> tuple[str, tuple[int, ...], list[Path]]:
        told = read_json(folder / "upload.json")
        try:
            kind, sizes, files = told["kind"], tuple(told["sizes"]), told["files"]
        except KeyError as error:
            raise InvalidRequest("This product set is no longer here; please upload it again.") from error
        place = (self._server_sets or folder) if kind == _ON_SERVER else folder
        return kind, sizes, [place / name for name in files]

    def _check_room(self, wanted: int) -> None:
        if shutil.disk_usage(self._root).free < wanted + _SPARE:
            raise EcomgenError("There is not enough room on the disk for this product set.")


def _file_name(kind: str, index: int, name: str) -> str:
    if kind == "zip":
        return "set.zip"
    suffix = PurePosixPath(name).suffix.lower()
    return f"photos/{index + 1:05}{suffix if suffix in _SUFFIXES else '.jpg'}"
