"""What is asked for, as tensors: values -> embedded words (Vocabulary) -> one condition vector c (Condition).

Nothing here depends on how many attributes or values exist: a value never seen before is one more embedded word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ecomgen.models.layers import ScaledLinear
from ecomgen.models.shape import GeneratorConfig


class Vocabulary(nn.Module):
    """Embedded attribute names and values, kept with a checkpoint so that it works without the text encoder."""

    attribute: Tensor
    value: Tensor

    def __init__(self, values: Mapping[str, tuple[str, ...]], text_dim: int) -> None:
        super().__init__()
        self.names = tuple(values)
        self.rows = {(a, v): i for i, (a, v) in enumerate((a, v) for a in values for v in values[a])}
        self.register_buffer("attribute", torch.zeros(len(self.names), text_dim))
        self.register_buffer("value", torch.zeros(len(self.rows), text_dim))

    def lookup(self, attributes: list[Mapping[str, str | None]]) -> tuple[Tensor, Tensor, Tensor]:
        """Attributes of n products -> (attributes [n, a, d], values [n, a, d], known [n, a]) for `Condition`.

        A value that is not in the vocabulary counts as unspecified.
        """
        rows = self.numbers(attributes)
        return self.attribute.expand(len(rows), -1, -1), self.value[rows.clamp(min=0)], rows >= 0

    def numbers(self, attributes: Sequence[Mapping[str, str | None]]) -> Tensor:
        """Attributes of n products -> the number of each value [n, a], -1 where it is unspecified or unknown."""
        return torch.tensor(
            [[self.rows.get((name, each.get(name) or ""), -1) for name in self.names] for each in attributes]
        ).view(len(attributes), len(self.names))


class Condition(nn.Module):
    """Embedded (attribute, value) pairs -> one condition vector; an unspecified attribute uses a learned null value.

    A sum over pairs with shared weights (Deep Sets, Zaheer et al. 2017): any number of attributes, any new value.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.null = nn.Parameter(torch.zeros(config.text_dim))
        self.pair = nn.Sequential(
            ScaledLinear(2 * config.text_dim, 2 * config.cond_dim),
            nn.SiLU(),
            ScaledLinear(2 * config.cond_dim, config.cond_dim),
        )
        self.out = nn.Sequential(
            nn.LayerNorm(config.cond_dim), nn.SiLU(), ScaledLinear(config.cond_dim, config.cond_dim)
        )

    def forward(self, attributes: Tensor, values: Tensor, known: Tensor) -> Tensor:
        """attributes [n, a, text_dim], values [n, a, text_dim], known [n, a] bool -> [n, cond_dim].

        Embeddings are L2-normalised; they are rescaled here to unit variance.
        """
        scale = values.shape[-1] ** 0.5
        values = torch.where(known[..., None], values * scale, self.null)
        return self.out(self.pair(torch.cat([attributes * scale, values], -1)).sum(1))
