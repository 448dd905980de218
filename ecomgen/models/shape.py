"""The generator's shape: the sizes that its halves and its trainers agree on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecomgen.errors import ConfigError


@dataclass(frozen=True)
class GeneratorConfig:
    """Shape of the generator. `channels[i]` is the width at 4 * 2**i pixels; all but the last divide by 4.

    `base` is the side of the base picture; blocks up to 32 px have about as many weights as a picture has numbers.
    `folded` pictures are twice as large as the last block: each of its pixels draws four at once, which is cheaper.
    `steps` and `guidance` are how the mapping is integrated; they can be changed without training.
    """

    channels: tuple[int, ...] = (320, 320, 192, 96, 32)
    base: int = 32
    folded: bool = False
    w_dim: int = 256
    text_dim: int = 256
    cond_dim: int = 256
    mapping_width: int = 512
    mapping_layers: int = 4
    steps: int = 6
    guidance: float = 2.0

    def __post_init__(self) -> None:
        if any(c % 4 for c in self.channels[:-1]) or len(self.channels) < 2:
            raise ConfigError("The generator needs two channels at least, all but the last multiples of 4.")
        if self.folded and self.base >= self.size:
            raise ConfigError("A folded generator needs a base picture smaller than its pictures.")

    @property
    def size(self) -> int:
        """Side of the square pictures, in pixels."""
        return 4 * 2 ** (len(self.channels) - (0 if self.folded else 1))

    @property
    def base_size(self) -> int:
        """Side of the part of a picture that is linear in w: outlines and colours, not detail."""
        return min(self.base, self.size)

    def up_to(self, size: int) -> GeneratorConfig:
        """The shape of the part that draws pictures of `size`."""
        channels = tuple(c for i, c in enumerate(self.channels) if 4 * 2**i <= size)
        return replace(self, channels=channels, folded=self.folded and size >= self.size)
