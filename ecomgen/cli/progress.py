"""How far a long command is, and how long it will take yet."""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import typer

from ecomgen.services.job_folder import FileProgress
from ecomgen.services.time_left import TimeLeft


def _told_elsewhere() -> Callable[[str, float], None]:
    """Where else progress is told: the file that a job's folder has for it, named by ECOMGEN_PROGRESS."""
    path = os.environ.get("ECOMGEN_PROGRESS")
    return FileProgress(Path(path)) if path else lambda what, share: None


class Progress:
    """What is being done, how much of it is done and how long it will take yet, as lines of text.

    On a terminal each stands in the place of the one before; in a file there is one every 10 seconds.
    """

    _EVERY = 10.0

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._what, self._told, self._width = "", -math.inf, 0
        self._time_left = TimeLeft()
        self._elsewhere = _told_elsewhere()

    def __call__(self, what: str, share: float) -> None:
        self._elsewhere(what, share)
        now = self._clock()
        left = self._time_left(what, share, now)
        terminal = self._stream.isatty()
        if what != self._what:
            if terminal and self._what:
                print(file=self._stream)
            self._what, self._told, self._width = what, -math.inf, 0
        if not terminal and share < 1 and now - self._told < self._EVERY:
            return
        self._told = now
        line = f"{what}: {share:.1%}{_words(left) if share < 1 else ''}"
        print(
            f"\r{line:<{self._width}}" if terminal else line, end="" if terminal else "\n", file=self._stream
        )
        if terminal and share >= 1:
            print(file=self._stream)
            self._what = ""
        self._stream.flush()
        self._width = len(line)


def _words(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return f", {seconds:.0f} s left"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f", {hours} h {minutes} min left" if hours else f", {minutes} min left"


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A bar with the time that is left, on standard error; where that is no terminal, only what is being done."""
    steps, elsewhere = 1000, _told_elsewhere()
    with ExitStack() as stack:
        # nothing is shown before there is something to tell: errors in the request come first
        shown: list[Any] = []

        def show(what: str, share: float) -> None:
            elsewhere(what, share)
            if not shown:
                bar = typer.progressbar(length=steps, label=what, file=sys.stderr, show_percent=True)
                shown.append(stack.enter_context(bar))
            shown[0].label = what
            shown[0].update(round(share * steps) - shown[0].pos)

        yield show
