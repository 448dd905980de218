"""Another base picture under a generator that was trained over an old one.

    w' --new components--> picture --old components, backwards--> w        w = A w' + b, linear
    every layer that reads w reads A w' + b instead, folded into its weights

So the styled convolutions do for a photo what they did before, while base picture and encoder fit other photos.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecomgen.models.encoder import Encoder
from ecomgen.models.layers import ModulatedConv
from ecomgen.models.synthesis import Synthesis

_LEAST_DEVIATION = 1e-3


@torch.no_grad()
def change_base(synthesis: Synthesis, encoder: Encoder, components: Tensor, mean: Tensor) -> None:
    """Give both, in place, the base picture components [3 * base_size**2, w_dim] @ w' + mean.

    The components are at right angles to each other; those that are zero stay out of the picture.
    """
    old = synthesis.base.weight.clone()
    reading, reading_bias = encoder.base.weight.clone(), encoder.base.bias.clone()
    turn, shift = reading @ components, reading @ mean + reading_bias  # w = turn w' + shift
    scale = synthesis.scale.clone()
    synthesis.set_base(components, mean)
    # Layers read w times the scale, before and after.
    turn = scale[:, None] * turn / synthesis.scale.clamp(min=1e-6)
    for layer in _readers(synthesis):
        layer.bias.add_(layer.weight @ (scale * shift))
        layer.weight.copy_(layer.weight @ turn)

    length = components.norm(dim=0)
    used = length > 0
    deviation = length.clamp(min=_LEAST_DEVIATION)
    backwards = (components / deviation.square()).t()
    encoder.base.weight.copy_(backwards)
    encoder.base.bias.copy_(-backwards @ mean)
    w_dim = len(used)
    # What the encoder's convolutions add to the old w they now add to the new one; how sure they are starts afresh: every
    # component is as uncertain in the picture as half of the weakest one is strong.
    encoder.leave.weight[:w_dim] = backwards @ (old @ encoder.leave.weight[:w_dim])
    encoder.leave.bias[:w_dim] = backwards @ (old @ encoder.leave.bias[:w_dim])
    encoder.leave.weight[w_dim:] = 0
    weakest = deviation[used].min() if used.any() else deviation.min()
    encoder.leave.bias[w_dim:] = torch.where(
        used, 2 * (0.5 * weakest / deviation).log(), encoder.leave.bias[w_dim:]
    )


def _readers(synthesis: Synthesis) -> list[nn.Linear]:
    """Every layer that reads w."""
    styles = [module.style for module in synthesis.modules() if isinstance(module, ModulatedConv)]
    return [synthesis.start, *styles]
