"""What a command answers: lines and JSON on standard output."""

import json
import os
from pathlib import Path
from typing import Any

from ecomgen.errors import EcomgenError


class OutputError(EcomgenError):
    """Standard output was closed or is full."""


def print_json(value: Any) -> None:
    """One line of JSON; what is not ASCII stays readable."""
    print_line(json.dumps(value, ensure_ascii=False))


def print_line(line: str) -> None:
    """One line of output, at once; of processes that train together only the first one talks. Raises OutputError when nobody
    reads it any more."""
    if os.environ.get("RANK", "0") != "0":
        return
    try:
        print(line, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains again when it flushes at exit
        raise OutputError(f"The output cannot be written: {error.strerror}.") from error


def write_json(path: Path, value: Any) -> None:
    """A file that holds one JSON value. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
