"""Tables (CSV) for people: written whole or not at all, and harmless when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ecomgen.errors import StoreError
from ecomgen.services.pictures import replace_file

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula (OWASP, "CSV injection")."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def harmless_name(name: str) -> str:
    """A relative file name as a cell: still the name of the same file."""
    return f"./{name}" if name.startswith(_FORMULA) else name


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A CSV, file names in the column `file_name`."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow([harmless(column) for column in columns])
    for row in rows:
        table.writerow([(harmless_name if c == "file_name" else harmless)(row.get(c, "")) for c in columns])
    return text.getvalue()


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Path:
    """Write `table_text` in UTF-8 (marked as such, for Excel); missing folders are made. Raises StoreError."""
    content = table_text(columns, rows).encode("utf-8-sig")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise StoreError(f"The table cannot be written to {path}: {error.strerror or error}.") from error
    return path
