"""A small adapter: in under a megabyte, what makes another checkpoint of a base. It is merged into a copy of the base's weights, so
that a picture costs what it did.

    base picture   its new components are sums of the old ones and of a few new directions
    networks       weight + up @ down, of low rank (LoRA, Hu et al. 2021); vectors such as biases are new
    words          those of the product set, embedded

Tensors by name, fp16: "base.directions" [3 * base_size**2, k], "base.turn" [w_dim + k, w_dim], "base.shift" [w_dim + k],
"<layer>.up" [out, rank], "<layer>.down" [rank, in], "<vector>", "vocabulary.attribute", "vocabulary.value".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ecomgen.models.base_picture import change_base, put
from ecomgen.models.encoder import Encoder
from ecomgen.models.stylegan import Generator
from ecomgen.models.synthesis import Synthesis

_LEFT = ("synthesis.base", "synthesis.start")
"""The first is turned instead; of the second only the bias learns: it is wide, so even a low rank takes much room."""
_AFRESH = "mapping.leave"
"""What the base's last layer says of the old latents says nothing of the new ones: of it only the low rank remains."""
_FITTED = ("synthesis.base.bias", "synthesis.scale")
"""Vectors that follow from the base picture."""


@dataclass(frozen=True)
class AdapterConfig:
    """How much an adapter may say: ranks of its matrices, and new directions of the base picture."""

    rank: int = 4
    leave_rank: int = 24
    directions: int = 12


class Turn(NamedTuple):
    """Another base picture in terms of an old one: directions [pixels, k], turn [w_dim + k, w_dim], shift [w_dim + k].

    The new components are [old ones, directions] @ turn, the new mean is the old one + [old components, directions] @ shift.
    """

    directions: Tensor
    turn: Tensor
    shift: Tensor

    def apply(self, synthesis: Synthesis, encoder: Encoder) -> None:
        """Change the base picture of both."""
        basis = torch.cat([synthesis.base.weight.detach(), self.directions], 1)
        change_base(synthesis, encoder, basis @ self.turn, synthesis.base.bias.detach() + basis @ self.shift)

    def rounded(self) -> Turn:
        """As the file holds it, so that a training sees what will be loaded."""
        return Turn(*(each.half().float() for each in self))


class LowRank(nn.Module):
    """A weight [out, ...] plus up [out, rank] @ down [rank, in]; it begins as the weight, or with `afresh` as nothing."""

    def __init__(self, weight: Tensor, rank: int, afresh: bool) -> None:
        super().__init__()
        inputs = weight[0].numel()
        rank = min(rank, len(weight), inputs)
        self.afresh = afresh
        self.down = nn.Parameter((torch.randn(rank, inputs) * inputs**-0.5).to(weight.device))
        self.up = nn.Parameter(torch.zeros(len(weight), rank, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        added = (self.up @ self.down).view_as(weight)
        return added if self.afresh else weight + added


def make_adaptable(network: nn.Module, name: str, config: AdapterConfig) -> None:
    """Let only an adapter learn in a part of a generator, in place; `name` is what the part is called there."""
    for own, layer in list(network.named_modules()):
        whole = f"{name}.{own}"
        weight = getattr(layer, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.ndim > 1 and whole not in _LEFT:
            rank = config.leave_rank if whole == _AFRESH else config.rank
            parametrize.register_parametrization(layer, "weight", LowRank(weight, rank, whole == _AFRESH))
    freeze_base(network, name)


def freeze_base(network: nn.Module, name: str) -> None:
    """Of a part that was made adaptable, let only what an adapter holds learn."""
    for own, parameter in network.named_parameters():
        low_rank = own.endswith((".up", ".down"))
        parameter.requires_grad_(low_rank or (parameter.ndim == 1 and f"{name}.{own}" not in _FITTED))


def read_adapter(network: nn.Module, name: str) -> dict[str, Tensor]:
    """What an adapter learnt in a part that was made adaptable."""
    found: dict[str, Tensor] = {}
    for own, tensor in network.state_dict().items():
        whole = f"{name}.{own}".replace(".parametrizations.weight.0.", ".")
        if whole.endswith((".up", ".down")) or (tensor.ndim == 1 and whole not in _FITTED):
            found[whole] = tensor.detach().clone()
    return found


@torch.no_grad()
def merge(generator: Generator, encoder: Encoder, tensors: Mapping[str, Tensor]) -> tuple[Generator, Encoder]:
    """What an adapter makes of a base's networks, which stay as they are and share with the new ones what is alike.

    Raises ValueError for tensors that do not fit.
    """
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ValueError("There are numbers that are none.")
    rest = {name: tensor.float() for name, tensor in tensors.items() if not name.startswith("vocabulary.")}
    generator, encoder = _sharing_copy(generator), _sharing_copy(encoder)
    pixels, w_dim = generator.synthesis.base.weight.shape
    turn = Turn(*(rest.pop(f"base.{name}", torch.empty(0)) for name in Turn._fields))
    k = turn.directions.shape[-1]
    if [tuple(each.shape) for each in turn] != [(pixels, k), (w_dim + k, w_dim), (w_dim + k,)]:
        raise ValueError("The base picture does not fit.")
    turn.apply(generator.synthesis, encoder)
    for name, own in generator.state_dict().items():
        layer, _, last = name.rpartition(".")
        if own.ndim == 1 and name not in _FITTED:
            new = rest.pop(name, None)
        elif own.ndim > 1 and layer not in _LEFT:
            new = _low_rank(
                own, rest.pop(f"{layer}.up", None), rest.pop(f"{layer}.down", None), layer == _AFRESH
            )
        else:
            continue
        if new is None or new.shape != own.shape:
            raise ValueError(f"{name} does not fit.")
        module = generator.get_submodule(layer)
        if last in module._parameters:
            put(module, last, new)
        else:
            setattr(module, last, new)
    if rest or not bool((generator.mapping.scale > 0).all() and (generator.mapping.std > 0).all()):
        raise ValueError("There is something that does not belong.")
    return generator, encoder


def _low_rank(own: Tensor, up: Tensor | None, down: Tensor | None, afresh: bool) -> Tensor | None:
    if up is None or down is None or up.ndim != 2 or down.ndim != 2 or up.shape[1] != len(down):
        return None
    if (len(up), down.shape[1]) != (len(own), own[0].numel()):
        return None
    added = (up @ down).view_as(own)
    return added if afresh else own + added


Network = TypeVar("Network", bound=nn.Module)


def _sharing_copy(network: Network) -> Network:
    """The same modules anew, with the same tensors in them: many times quicker than a deep copy."""
    new = copy.copy(network)
    new._parameters, new._buffers = dict(network._parameters), dict(network._buffers)
    new._modules = {name: _sharing_copy(each) for name, each in network._modules.items() if each is not None}
    return new
