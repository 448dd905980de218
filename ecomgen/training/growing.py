"""Growing a network: a synthesis that draws what a smaller one drew, with room to learn more."""

from __future__ import annotations

import torch
from torch import Tensor

from ecomgen.models.layers import ModulatedConv
from ecomgen.models.synthesis import Synthesis


@torch.no_grad()
def grow(small: Synthesis, large: Synthesis) -> None:
    """Give `large` the pictures of `small`, at its own size.

    `large` may be wider (what is wider starts unused by what was there, as in Net2Net, Chen et al. 2016) and have more blocks
    (which start by adding nothing to the picture). Raises RuntimeError when it is smaller anywhere.
    """
    state = large.state_dict()
    for outlet in list(large.to_rgb)[len(small.to_rgb) :]:
        assert isinstance(outlet, ModulatedConv)
        outlet.weight.zero_()
        outlet.bias.zero_()
    for name, old in small.state_dict().items():
        new = state[name]
        if new.shape != old.shape:
            _widen(name, old, new)
        else:
            new.copy_(old)
    large.load_state_dict(state)


def _widen(name: str, old: Tensor, new: Tensor) -> None:
    """Copy into the corner; what is new is not listened to by what was there."""
    if len(old.shape) != len(new.shape) or any(a > b for a, b in zip(old.shape, new.shape, strict=True)):
        raise RuntimeError(f"{name} cannot shrink from {list(old.shape)} to {list(new.shape)}.")
    if old.ndim == 4:
        new[: old.shape[0], old.shape[1] :] = 0
    new[tuple(slice(0, length) for length in old.shape)] = old
