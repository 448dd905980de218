"""The generator: attributes and noise -> w (mapping) -> picture (synthesis). StyleGAN's two halves.

value words --TextEncoder.embed--> [attribute, value] pairs --Condition--> c [n, cond_dim]
z [n, w_dim], c --FlowMapping--> w [n, w_dim] --Synthesis--> picture [n, 3, size, size] in [-1, 1]
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ecomgen.models.condition import Condition
from ecomgen.models.mapping import FlowMapping, Moment
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.synthesis import Synthesis


def guided_schedule(
    condition: Condition, mapping: FlowMapping, attributes: Tensor, values: Tensor, known: Tensor
) -> list[Moment]:
    """The moments that go to what is asked, away from what nothing asked would give; shapes as for `Condition`."""
    nothing = condition(attributes[:1], values[:1], torch.zeros_like(known[:1]))
    return mapping.schedule(condition(attributes, values, known), nothing)


class Generator(nn.Module):
    """Condition, mapping and synthesis together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.condition = Condition(config)
        self.mapping = FlowMapping(config)
        self.synthesis = Synthesis(config)

    def schedule(self, attributes: Tensor, values: Tensor, known: Tensor) -> list[Moment]:
        """How the mapping goes for what is asked; the arguments are those of `Condition`, [n or 1, a, ...]."""
        return guided_schedule(self.condition, self.mapping, attributes, values, known)

    def forward(self, z: Tensor, schedule: list[Moment], psi: float = 1.0) -> Tensor:
        """z [n, w_dim] ~ N(0, 1) -> pictures [n, 3, size, size], nominally in [-1, 1]."""
        return self.synthesis(self.mapping(z, schedule, psi))
