"""Files of a product set, in a folder or in a zip that nobody vouches for. Nothing is ever extracted.

A zip is checked entry by entry before any of it is read: Python 3.11 opens overlapping entries and trusts
the sizes that the archive states. An entry is then read from its own byte range, so reading needs no open
archive and is safe in threads and in forked workers.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ecomgen.errors import DataError

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_DIRECTORY_BYTES_PER_ENTRY = 300
_ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".jar", ".zst"}
_CLUTTER = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Limits:
    """What a product set may ask of the machine: packed and unpacked size are both held to `*_bytes`."""

    entries: int = 100_000
    total_bytes: int = 8 * 2**30
    entry_bytes: int = 32 * 2**20
    ratio: int = 200  # unpacked to packed; photos are packed already and hardly reach 2
    pixels: int = 20_000_000
    seconds: float = 300.0


@dataclass(frozen=True)
class Refusal:
    """A file or an entry that was left out; `name` is safe to show, `reason` is one sentence."""

    name: str
    reason: str


def refusal(name: str, reason: str) -> Refusal:
    """A Refusal whose name is free of control characters and at most 80 characters long."""
    clean = name
    if not name.isprintable():
        clean = "".join("�" if unicodedata.category(c)[0] in "CZ" and c != " " else c for c in name)
    return Refusal(clean if len(clean) <= 80 else f"{clean[:39]}…{clean[-40:]}", reason)


@dataclass(frozen=True)
class Entry:
    """One file: all of `path` (a folder's file), or the byte range of a zip entry in `path`."""

    name: str  # relative, with forward slashes; for looking up and showing, never for opening
    path: Path
    size: int
    packed: int = 0
    offset: int = -1  # -1: not in a zip
    deflated: bool = False
    crc: int = 0

    def read(self) -> bytes:
        """The whole content, `size` bytes. Raises DataError when it is not what the archive states."""
        try:
            with self.path.open("rb") as file:
                if self.offset < 0:
                    content = file.read(self.size + 1)
                else:
                    file.seek(self.offset)
                    content = file.read(self.packed)
            if self.deflated:
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, self.size + 1)
        except (OSError, zlib.error) as error:
            raise DataError("It is damaged and cannot be read.") from error
        if len(content) != self.size or (self.offset >= 0 and zlib.crc32(content) != self.crc):
            raise DataError("It is damaged: its content does not match its stated size and checksum.")
        return content


def list_entries(path: Path, limits: Limits) -> tuple[list[Entry], list[Refusal]]:
    """The usable files of a folder or a zip, upper folders first, then by name; and what was refused.

    Hidden files and what macOS and Windows leave behind are passed over in silence. Raises DataError when
    `path` as a whole cannot be used.
    """
    if path.is_dir():
        found, refused = _list_folder(path, limits)
    elif path.is_file():
        found, refused = _list_zip(path, limits)
    else:
        raise DataError(f"There is no product set at {refusal(str(path), '').name}.")
    entries: list[Entry] = []
    total = 0
    for entry in sorted(found, key=lambda e: (e.name.count("/"), e.name)):
        total += entry.size
        if entry.size > limits.entry_bytes or entry.packed > limits.entry_bytes:
            reason = f"It is larger than {limits.entry_bytes / 2**20:.0f} MB."
        elif total > limits.total_bytes:
            reason = (
                f"The set is larger than {limits.total_bytes / 2**20:.0f} MB, the rest of it was left out."
            )
        else:
            entries.append(entry)
            continue
        total -= entry.size
        refused.append(refusal(entry.name, reason))
    return entries, refused


def _too_many(limits: Limits) -> DataError:
    return DataError(f"The product set holds more than {limits.entries:,} files; split it into smaller sets.")


def _is_clutter(parts: tuple[str, ...]) -> bool:
    return parts[-1].lower() in _CLUTTER or any(p.startswith(".") or p == "__MACOSX" for p in parts)


def _list_folder(folder: Path, limits: Limits) -> tuple[list[Entry], list[Refusal]]:
    entries: list[Entry] = []
    refused: list[Refusal] = []
    for parent, folders, files in os.walk(folder):  # does not follow links to folders
        for name in (*folders, *files):
            file = Path(parent, name)
            relative = file.relative_to(folder)
            if _is_clutter(relative.parts):
                continue
            if len(entries) + len(refused) >= limits.entries:
                raise _too_many(limits)
            try:
                status = file.lstat()
            except OSError:
                refused.append(refusal(relative.as_posix(), "It cannot be read."))
                continue
            if stat.S_ISREG(status.st_mode):
                entries.append(Entry(relative.as_posix(), file, status.st_size))
            elif not stat.S_ISDIR(status.st_mode):
                refused.append(refusal(relative.as_posix(), "It is a link or a device, not a file."))
    return entries, refused


class _CappedReader(io.BufferedReader):
    """Refuses huge single reads: zipfile takes in a central directory of whatever size the archive states."""

    def __init__(self, path: Path, cap: int) -> None:
        super().__init__(io.FileIO(path))
        self._cap = cap

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._cap:
            raise OverflowError("central directory too large")
        return super().read(size)


def _list_zip(path: Path, limits: Limits) -> tuple[list[Entry], list[Refusal]]:
    shown = refusal(path.name, "").name
    try:
        with _CappedReader(path, limits.entries * _DIRECTORY_BYTES_PER_ENTRY + 2**17) as file:
            if not zipfile.is_zipfile(file):
                raise DataError(f"{shown} is neither a folder nor a complete zip file.")
            with zipfile.ZipFile(file) as archive:
                if len(archive.filelist) > limits.entries:
                    raise _too_many(limits)
                return _check_zip(path, file, archive, limits)
    except OverflowError as error:
        raise _too_many(limits) from error
    except DataError:
        raise
    except Exception as error:  # zipfile raises BadZipFile, struct.error, ValueError, ... on broken archives
        raise DataError(f"The zip file {shown} is damaged.") from error


def _check_zip(
    path: Path, file: BinaryIO, archive: zipfile.ZipFile, limits: Limits
) -> tuple[list[Entry], list[Refusal]]:
    refused: list[Refusal] = []
    spans: list[tuple[int, int, Entry]] = []
    seen: set[str] = set()
    for info in archive.filelist:
        name = _real_name(info).replace("\\", "/")
        reason = _fault(info, name, limits)
        parts = PurePosixPath(name).parts
        if not reason and (info.is_dir() or name.endswith("/") or not parts or _is_clutter(parts)):
            continue
        name = "/".join(parts)
        if not reason and name in seen:
            reason = "Another file in the zip has the same name."
        start = 0 if reason else _data_start(file, info)
        end = start + info.compress_size
        if not reason and (not start or end > archive.start_dir):
            reason = "It is damaged: its place in the zip is not where the zip says."
        if reason:
            refused.append(refusal(_real_name(info), reason))
            continue
        seen.add(name)
        deflated = info.compress_type == zipfile.ZIP_DEFLATED
        entry = Entry(name, path, info.file_size, info.compress_size, start, deflated, info.CRC)
        spans.append((info.header_offset, end, entry))

    # Sorted by start, whatever begins before the furthest end so far overlaps the entry that has that end.
    spans.sort(key=lambda span: span[:2])
    overlapping: set[str] = set()
    furthest: tuple[int, str] = (0, "")
    for start, end, entry in spans:
        if start < furthest[0]:
            overlapping |= {entry.name, furthest[1]}
        furthest = max(furthest, (end, entry.name))
    refused += [refusal(n, "It overlaps another file in the zip.") for n in sorted(overlapping)]
    return [entry for _, _, entry in spans if entry.name not in overlapping], refused


def _real_name(info: zipfile.ZipInfo) -> str:
    """The name as its author wrote it: older Windows zips hold UTF-8 or Chinese names without saying so."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii():
        return info.orig_filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return info.orig_filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return info.orig_filename


def _fault(info: zipfile.ZipInfo, name: str, limits: Limits) -> str:
    """Why this entry is refused by what the central directory says of it, or ""."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return "Its name points outside the set."
    if any(unicodedata.category(c) == "Cc" for c in name):
        return "Its name holds control characters."
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "It is a link or a device, not a file."
    if info.flag_bits & 0x41:
        return "It is encrypted."
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        return "It is an archive inside the archive."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "It is packed in a way that is not supported; use an ordinary zip."
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        return "It is damaged: its two sizes differ."
    if info.file_size > limits.ratio * max(info.compress_size, 1):
        return "It unpacks to far more than a photo would."
    return ""


def _data_start(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where the entry's bytes begin, by its local header; 0 when that is missing or names another file."""
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        return 0
    fields = _LOCAL_HEADER.unpack(header)
    signature, flags, method, name_length, extra_length = (
        fields[0],
        fields[2],
        fields[3],
        fields[-2],
        fields[-1],
    )
    name = file.read(name_length).decode("utf-8" if flags & 0x800 else "cp437", "replace")
    if signature != b"PK\3\4" or flags & 1 or method != info.compress_type or name != info.orig_filename:
        return 0
    return info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
