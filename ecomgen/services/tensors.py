"""One thread for all tensor work. OpenMP keeps a team of threads for every thread that computes, and when the teams
outnumber the cores their members stop waiting for each other actively, which slows every request.

It has the priority of all others: a nicer thread that is set aside while it holds Python's lock makes everybody wait."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREAD = ThreadPoolExecutor(1, "ecomgen-tensors")


def compute(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the function returns or raises, in its turn. The function must not call `compute` itself."""
    return _THREAD.submit(function, *args, **kwargs).result()
