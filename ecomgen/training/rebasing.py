"""Other photos, same network: components of the base picture for photos that the generator was not trained on.

`rebase` finds any components. `fit_turn` finds some that take few numbers to write down, for a small adapter.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ecomgen.models.adapter import Turn
from ecomgen.models.base_picture import change_base
from ecomgen.models.encoder import Encoder
from ecomgen.models.layers import shrink
from ecomgen.models.synthesis import Synthesis
from ecomgen.training import steps
from ecomgen.training.autoencoder import to_tensor

_WORTH = 64.0
"""The old components count as much as so many photos: a few new ones cannot say how photos vary."""

_LEAST_DEVIATION = 1e-3
_MOST_PHOTOS = 4096
"""As many are enough for the directions of an adapter."""


@torch.no_grad()
def rebase(synthesis: Synthesis, encoder: Encoder, photos: Tensor, seed: int = 0) -> None:
    """Fit base and encoder, in place, to photos (uint8 [n, s, s, 3]) together with what the old components say."""
    old, old_mean = synthesis.base.weight, synthesis.base.bias
    x = shrink(to_tensor(photos), synthesis.config.base_size).flatten(1)
    prior = _WORTH / (_WORTH + len(x))
    mean = prior * old_mean + (1 - prior) * x.mean(0)
    rows = torch.cat([prior**0.5 * old.t(), ((1 - prior) / len(x)) ** 0.5 * (x - mean)])
    rank = min(synthesis.config.w_dim, *rows.shape)
    steps.seed_step(seed, 0)  # the decomposition starts from random directions
    _, deviation, directions = torch.svd_lowrank(rows, q=rank, niter=4)
    components = torch.zeros_like(old)
    components[:, :rank] = directions * deviation.clamp(min=_LEAST_DEVIATION)
    change_base(synthesis, encoder, components, mean)


@torch.no_grad()
def fit_turn(synthesis: Synthesis, photos: Tensor, directions: int) -> Turn:
    """As `rebase`, but the new components are sums of the old ones and of so many new directions."""
    old, old_mean = synthesis.base.weight, synthesis.base.bias
    some = photos[:: -(-len(photos) // _MOST_PHOTOS)]
    x = shrink(to_tensor(some), synthesis.config.base_size).flatten(1) - old_mean
    unexplained = x - x @ torch.linalg.pinv(old).t() @ old.t()
    new = torch.linalg.svd(unexplained, full_matrices=False)[2][:directions].t()
    basis = torch.cat([old, new], 1)
    axes, lengths, to_basis = torch.linalg.svd(basis, full_matrices=False)
    there = (
        lengths > 1e-4 * lengths[0]
    )  # with fewer photos than w has dimensions, some old components are zero
    axes, lengths, to_basis = axes[:, there], lengths[there], to_basis[there]
    # From here on everything is in the coordinates of the axes.
    x, before = x @ axes, old.t() @ axes
    prior = _WORTH / (_WORTH + len(x))
    mean = (1 - prior) * x.mean(0)
    rows = torch.cat([prior**0.5 * before, ((1 - prior) / len(x)) ** 0.5 * (x - mean)])
    _, deviation, turned = torch.linalg.svd(rows, full_matrices=False)
    rank = min(synthesis.config.w_dim, len(turned))
    back = (to_basis / lengths[:, None]).t()
    turn = torch.zeros(basis.shape[1], synthesis.config.w_dim)
    turn[:, :rank] = back @ (turned[:rank].t() * deviation[:rank].clamp(min=_LEAST_DEVIATION))
    return Turn(new, turn, back @ mean)
