"""Another base picture under a generator that was trained over an old one.

    w' --new components--> picture --old components, backwards--> w        w = A w' + b, linear
    every layer that reads w reads A w' + b instead, folded into its weights

So the styled convolutions do for a photo what they did before, while base picture and encoder fit other photos.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ecomgen.models.encoder import Encoder
from ecomgen.models.layers import ModulatedConv
from ecomgen.models.synthesis import Synthesis

_LEAST_DEVIATION = 1e-3


@torch.no_grad()
def change_base(synthesis: Synthesis, encoder: Encoder, components: Tensor, mean: Tensor) -> None:
    """Give both the base picture components [3 * base_size**2, w_dim] @ w' + mean, with new tensors in the place of old ones.

    The components are at right angles to each other; those that are zero stay out of the picture.
    """
    old, reading = synthesis.base.weight, encoder.base.weight
    turn, shift = reading @ components, reading @ mean + encoder.base.bias  # w = turn w' + shift
    scale = synthesis.scale
    synthesis.base, synthesis.scale = copy.deepcopy(synthesis.base), scale.clone()
    synthesis.set_base(components, mean)
    # Layers read w times the scale, before and after.
    turn = scale[:, None] * turn / synthesis.scale.clamp(min=1e-6)
    for layer in _readers(synthesis):
        put(layer, "bias", layer.bias + layer.weight @ (scale * shift))
        put(layer, "weight", layer.weight @ turn)

    length = components.norm(dim=0)
    used = length > 0
    deviation = length.clamp(min=_LEAST_DEVIATION)
    backwards = (components / deviation.square()).t()
    put(encoder.base, "weight", backwards)
    put(encoder.base, "bias", -backwards @ mean)
    w_dim = len(used)
    leave = encoder.leave
    # What the encoder's convolutions add to the old w they now add to the new one; how sure they are starts afresh: every
    # component is as uncertain in the picture as half of the weakest one is strong.
    back = backwards @ old  # small, and therefore first
    put(leave, "weight", torch.cat([back @ leave.weight[:w_dim], torch.zeros_like(leave.weight[w_dim:])]))
    weakest = deviation[used].min() if used.any() else deviation.min()
    unsure = torch.where(used, 2 * (0.5 * weakest / deviation).log(), leave.bias[w_dim:])
    put(leave, "bias", torch.cat([back @ leave.bias[:w_dim], unsure]))


def put(module: nn.Module, name: str, tensor: Tensor) -> None:
    """Another parameter in the place of one that other networks may share."""
    old = module.get_parameter(name)
    setattr(module, name, nn.Parameter(tensor, requires_grad=old.requires_grad))


def _readers(synthesis: Synthesis) -> list[nn.Linear]:
    """Every layer that reads w."""
    styles = [module.style for module in synthesis.modules() if isinstance(module, ModulatedConv)]
    return [synthesis.start, *styles]
