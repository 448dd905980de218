"""One thread for all tensor work. OpenMP keeps a team of threads for every thread that computes, and when the teams
outnumber the cores their members stop waiting for each other actively, which slows every request.

It lets everything else go first: a vote or a page takes milliseconds and is not to wait for a picture."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_POLITE = 5
"""How much nicer the thread is than the rest of the app, in the units of `nice`."""


def _be_polite() -> None:
    if (
        sys.platform == "linux"
    ):  # where a thread has a priority of its own, which the threads it starts inherit
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _POLITE)


_THREAD = ThreadPoolExecutor(1, "ecomgen-tensors", initializer=_be_polite)


def compute(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the function returns or raises, in its turn. The function must not call `compute` itself."""
    return _THREAD.submit(function, *args, **kwargs).result()
