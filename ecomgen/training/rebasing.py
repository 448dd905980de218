"""Other photos, same network: new principal components under a generator that was trained over others.

    w' --new components--> photo --old components, backwards--> w        w = A w' + b, linear
    every layer that reads w reads A w' + b instead, folded into its weights

So the styled convolutions do for a photo what they did before, while base picture and encoder fit the new photos.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecomgen.models.encoder import Encoder
from ecomgen.models.layers import ModulatedConv, shrink
from ecomgen.models.synthesis import Synthesis
from ecomgen.training import steps
from ecomgen.training.autoencoder import to_tensor

_WORTH = 64.0
"""The old components count as much as so many photos: a few new ones cannot say how photos vary."""

_LEAST_DEVIATION = 1e-3


@torch.no_grad()
def rebase(synthesis: Synthesis, encoder: Encoder, photos: Tensor, seed: int = 0) -> None:
    """Fit base and encoder, in place, to photos (uint8 [n, s, s, 3]) together with what the old components say."""
    old, old_mean = synthesis.base.weight.clone(), synthesis.base.bias.clone()
    reading, reading_bias = encoder.base.weight.clone(), encoder.base.bias.clone()
    x = shrink(to_tensor(photos), synthesis.config.base_size).flatten(1)
    prior = _WORTH / (_WORTH + len(x))
    mean = prior * old_mean + (1 - prior) * x.mean(0)
    rows = torch.cat([prior**0.5 * old.t(), ((1 - prior) / len(x)) ** 0.5 * (x - mean)])
    rank = min(synthesis.config.w_dim, *rows.shape)
    steps.seed_step(seed, 0)  # the decomposition starts from random directions
    _, deviation, directions = torch.svd_lowrank(rows, q=rank, niter=4)
    deviation = deviation.clamp(min=_LEAST_DEVIATION)
    components = torch.zeros_like(old)
    components[:, :rank] = directions * deviation

    turn, shift = reading @ components, reading @ mean + reading_bias  # w = turn w' + shift
    scale = synthesis.scale.clone()
    synthesis.set_base(components, mean)
    # Layers read w times the scale, before and after.
    turn = scale[:, None] * turn / synthesis.scale.clamp(min=1e-6)
    for layer in _readers(synthesis):
        layer.bias.add_(layer.weight @ (scale * shift))
        layer.weight.copy_(layer.weight @ turn)

    backwards = torch.zeros_like(reading)
    backwards[:rank] = (directions / deviation).t()
    encoder.base.weight.copy_(backwards)
    encoder.base.bias.copy_(-backwards @ mean)
    w_dim = synthesis.config.w_dim
    # What the encoder's convolutions add to the old w they now add to the new one; how sure they are starts afresh.
    encoder.leave.weight[:w_dim] = backwards @ (old @ encoder.leave.weight[:w_dim])
    encoder.leave.bias[:w_dim] = backwards @ (old @ encoder.leave.bias[:w_dim])
    encoder.leave.weight[w_dim:] = 0
    encoder.leave.bias[w_dim : w_dim + rank] = 2 * (0.5 * deviation[-1] / deviation).log()


def _readers(synthesis: Synthesis) -> list[nn.Linear]:
    """Every layer that reads w."""
    styles = [module.style for module in synthesis.modules() if isinstance(module, ModulatedConv)]
    return [synthesis.start, *styles]
