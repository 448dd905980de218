"""Drawing many pictures for what products show, as a measurement needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ecomgen.data.products import Product
from ecomgen.models.checkpoint import Checkpoint
from ecomgen.schema import Attributes
from ecomgen.training.grid import to_bytes

_AT_ONCE = 64


def choose_rows(n: int, wanted: int, seed: int) -> list[int]:
    """Rows of training photos at random, each once before any comes twice."""
    chance = torch.Generator().manual_seed(seed)
    rounds = [torch.randperm(n, generator=chance) for _ in range(-(-wanted // n))]
    return torch.cat(rounds)[:wanted].tolist()


def learnt(product: Product, checkpoint: Checkpoint) -> Attributes:
    """What the checkpoint can be asked of a product."""
    known = checkpoint.counts
    return {name: v for name, v in product.attributes.items() if v is not None and v in known.get(name, {})}


@torch.inference_mode()
def draw(
    checkpoint: Checkpoint,
    asked: Sequence[Attributes],
    psi: float,
    seed: int,
    device: torch.device,
    tick: Callable[[int], None] = lambda n: None,
) -> Tensor:
    """A picture for each of the attributes, as their files would hold them: uint8 [n, size, size, 3] on the CPU.

    Picture i is the same however many are asked for after it.
    """
    generator = checkpoint.generator.to(device)
    chance = torch.Generator().manual_seed(seed)
    z = torch.cat([torch.randn(1, generator.config.w_dim, generator=chance) for _ in asked])
    pictures = []
    for start in range(0, len(asked), _AT_ONCE):
        part: list[Mapping[str, str | None]] = list(asked[start : start + _AT_ONCE])
        condition = [t.to(device) for t in checkpoint.vocabulary.lookup(part)]
        noise = z[start : start + len(part)].to(device)
        pictures.append(to_bytes(generator(noise, generator.schedule(*condition), psi)))
        tick(len(part))
    return torch.cat(pictures)
