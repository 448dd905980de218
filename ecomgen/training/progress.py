"""How far a piece of work is, told as the share of a whole."""

from __future__ import annotations

from ecomgen.training.loop import UpdateProgress


def part_of(update_progress: UpdateProgress, start: float, end: float) -> UpdateProgress:
    """The progress of a part of the work, which goes from `start` to `end` of the whole."""
    return lambda what, share: update_progress(what, start + (end - start) * share)


class Ticker:
    """Counts what is done of `total` pieces; called with how many more are done."""

    def __init__(self, what: str, total: int, update_progress: UpdateProgress) -> None:
        self._what, self._total, self._tell, self._done = what, total, update_progress, 0

    def __call__(self, n: int) -> None:
        self._done += n
        self._tell(self._what, self._done / self._total)
