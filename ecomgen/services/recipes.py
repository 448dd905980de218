"""Where a picture comes from: all that makes its pixels again, given the checkpoint."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from ecomgen.errors import InvalidRequest
from ecomgen.schema import Attributes
from ecomgen.services.house_rules import Note

if TYPE_CHECKING:
    from torch import Tensor

ORIGINS = ("", "best", "photo", "edit", "colours", "mix", "between")
"""What a picture was made from: a prompt (the empty text; "best": chosen of several), a photo, or other pictures."""

SEEDS = 2**63
"""Seeds are whole numbers from 0 to below this."""

MOST_LATENT = 4096
"""Longest text of a latent, in characters: 1,536 numbers."""


class Made(Protocol):
    """A picture that was made, as services and store keep it."""

    @property
    def attributes(self) -> Attributes: ...
    @property
    def psi(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def variation(self) -> float: ...
    @property
    def variation_seed(self) -> int: ...
    @property
    def latent(self) -> str: ...
    @property
    def origin(self) -> str: ...


@dataclass(frozen=True)
class Recipe:
    """One picture: the noise of `seed`, of which the share `variation` is that of another seed, shrunk by `psi`, under
    `attributes`; `rules` say which of these a rule of the house changed. Or, where there is a `latent` (w as `write_latent` writes it), just that; then `attributes` say what it
    shows, and seed and psi only which noise later variations add.
    """

    attributes: Attributes = field(default_factory=dict)
    psi: float = 0.8
    seed: int = 0
    variation: float = 0.0
    variation_seed: int = 0
    latent: str = ""
    origin: str = ""
    rules: tuple[Note, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, made: Made) -> Recipe:
        """The recipe of a picture that was made."""
        return cls(
            attributes=dict(made.attributes),
            psi=made.psi,
            seed=made.seed,
            variation=made.variation,
            variation_seed=made.variation_seed,
            latent=made.latent,
            origin=made.origin,
        )

    def with_latent(self, w: Tensor, attributes: Attributes, origin: str) -> Recipe:
        """The same noise, but drawn from this latent [w_dim], which shows these attributes."""
        return replace(
            self,
            attributes=attributes,
            variation=0.0,
            variation_seed=0,
            latent=write_latent(w),
            origin=origin,
        )


def write_latent(w: Tensor) -> str:
    """w [w_dim] as text: base64 of little-endian half floats, 683 characters for 256 of them."""
    return base64.b64encode(w.detach().cpu().numpy().astype("<f2").tobytes()).decode()


def read_latent(text: Any, size: int) -> Tensor:
    """The latent [size] that `write_latent` wrote, from text that may be anything. Raises InvalidRequest."""
    import numpy as np
    import torch

    try:
        if not isinstance(text, str) or len(text) > MOST_LATENT:
            raise ValueError
        numbers = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest("The latent cannot be read; copy all of it.") from error
    if len(numbers) != size or not (np.abs(numbers) <= 100).all():  # also false for NaN
        raise InvalidRequest("The latent is not one of this checkpoint's.")
    return torch.from_numpy(numbers)
