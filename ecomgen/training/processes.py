"""Several processes that teach one network together, as `accelerate launch` starts them; most of the time there is but one.

Each takes its rows of every batch, and gradients are averaged over all. Rows and random numbers are those that one process
would have, so that any number of processes comes to the same weights, but for rounding. What depends on a clock or a signal
is decided for all at once, and only the main process writes files and tells how far it is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate import PartialState


@functools.cache
def _joined() -> PartialState:
    """Joins the others, if there are any; waits for them."""
    from accelerate import PartialState

    on_cpu = not torch.cuda.is_available() or os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"
    return PartialState(cpu=on_cpu)


def count() -> int:
    """How many there are."""
    return int(_joined().num_processes)


def is_main() -> bool:
    """Whether this is the one that writes files."""
    return bool(_joined().is_main_process)


def device() -> torch.device:
    """What this process computes on: an accelerator of its own where there are any."""
    return torch.device(_joined().device)


def wait() -> None:
    """Until all have come here."""
    _joined().wait_for_everyone()


def mine(rows: Tensor, dim: int = 0) -> Tensor:
    """Of a whole batch what this process learns from.

    Every count-th row: where the first half is of another kind than the second, that is so for each process as well.
    """
    own = torch.arange(_joined().process_index, rows.shape[dim], count())
    return rows if count() == 1 else rows.index_select(dim, own.to(rows.device))


def normal(shape: Sequence[int], **options: Any) -> Tensor:
    """Normal random numbers for this process's rows [n, ...] of a batch."""
    return mine(torch.randn(shape[0] * count(), *shape[1:], **options))


def uniform(shape: Sequence[int]) -> Tensor:
    """Random numbers from 0 to 1 for this process's rows [n, ...] of a batch."""
    return mine(torch.rand(shape[0] * count(), *shape[1:]))


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Put the mean over all processes into each tensor, in place; one that is not finite anywhere is so everywhere then."""
    if count() == 1 or not tensors:
        return
    from accelerate.utils import reduce

    means = reduce(torch.cat([tensor.flatten() for tensor in tensors]), "mean")
    for tensor, mean in zip(tensors, means.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))


def averaged(numbers: dict[str, float]) -> dict[str, float]:
    """The mean of each number over all processes, which must have the same names."""
    means = torch.tensor(list(numbers.values()), device=device())
    average([means])
    return dict(zip(numbers, means.tolist(), strict=True)) if count() > 1 else numbers


def wanted_by_any(wish: bool) -> bool:
    """Whether any of them wishes it."""
    if count() == 1:
        return wish
    from accelerate.utils import reduce

    return bool(reduce(torch.tensor([float(wish)], device=device()), "max") > 0)


def told_by_main(number: float) -> float:
    """The main process's number."""
    if count() == 1:
        return number
    told = torch.tensor([number], dtype=torch.float64, device=device())
    _spread([told])
    return float(told)


def agree(networks: Iterable[nn.Module]) -> None:
    """Give all the main process's weights, which the others may have computed a little differently."""
    if count() > 1:
        _spread(tensor.detach() for network in networks for tensor in network.state_dict().values())


def _spread(tensors: Iterable[Tensor]) -> None:
    from accelerate.utils import broadcast

    for tensor in tensors:
        tensor.copy_(broadcast(tensor.contiguous()))
