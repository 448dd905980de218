"""How long something will take yet, told from how fast it was so far."""

from __future__ import annotations


class TimeLeft:
    """Called at each moment with what is being done and the share that is done.

    Shares that go on where those of another thing ended are of one whole. What lies between two things does not count, as a
    run that goes on from where it was stopped gets there in no time.
    """

    def __init__(self) -> None:
        self._what, self._share, self._at = "", 0.0, 0.0
        self._got, self._worked = 0.0, 0.0

    def __call__(self, what: str, share: float, now: float) -> float | None:
        """The seconds that are left; None while nothing is known."""
        if what == self._what:
            self._got, self._worked = self._got + share - self._share, self._worked + now - self._at
        elif share < self._share:
            self._got, self._worked = 0.0, 0.0
        self._what, self._share, self._at = what, share, now
        return self._worked * (1 - share) / self._got if self._got > 0 else None
