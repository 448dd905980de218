"""New principal components under old convolutions, on small networks with random weights."""

import torch

from ecomgen.models.encoder import Encoder, EncoderConfig
from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.synthesis import Synthesis
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.rebasing import rebase


def networks(chance: torch.Generator) -> tuple[Synthesis, Encoder]:
    """A synthesis whose convolutions draw something, over eight strong components, and the encoder that undoes the base."""
    synthesis = (
        Synthesis(GeneratorConfig(channels=(16, 16, 8), base=8, w_dim=12)).eval().requires_grad_(False)
    )
    encoder = Encoder(EncoderConfig(channels=(8, 8), base=8, w_dim=12)).eval().requires_grad_(False)
    directions = torch.linalg.qr(torch.randn(192, 8, generator=chance))[0]
    deviation = torch.linspace(3.0, 1.5, 8)
    components = torch.zeros(192, 12)
    components[:, :8] = directions * deviation
    synthesis.set_base(components, torch.zeros(192))
    for layer in synthesis.to_rgb:
        layer.weight.normal_(generator=chance).mul_(0.1)
    encoder.base.weight.zero_()[:8] = (directions / deviation).t()
    encoder.base.bias.zero_()
    return synthesis, encoder


def photos_of(synthesis: Synthesis, n: int, chance: torch.Generator) -> torch.Tensor:
    w = torch.randn(n, 12, generator=chance)
    base = synthesis.base(w).view(-1, 3, 8, 8)
    large = torch.nn.functional.interpolate(base, size=16, mode="nearest")
    return large.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).contiguous()


def test_photos_that_the_old_components_could_show_are_drawn_as_before():
    chance = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    synthesis, encoder = networks(chance)
    photos = photos_of(synthesis, 40, chance)
    x = to_tensor(photos)
    before, plain = synthesis(encoder(x)[0]), synthesis.base(encoder(x)[0]).view(-1, 3, 8, 8)
    assert (before - torch.nn.functional.interpolate(plain, size=16, mode="bilinear")).abs().mean() > 0.05
    rebase(synthesis, encoder, photos)
    assert (synthesis(encoder(x)[0]) - before).abs().mean() < 0.02


def test_photos_that_they_could_not_show_are_encoded_better():
    chance = torch.Generator().manual_seed(4)
    torch.manual_seed(4)
    synthesis, encoder = networks(chance)
    stripes = torch.randn(60, 1, 16, 1, generator=chance).expand(60, 3, 16, 16)
    photos = stripes.clamp(-1, 1).add(1).mul(127.5).byte().permute(0, 2, 3, 1).contiguous()
    x = torch.nn.functional.avg_pool2d(to_tensor(photos), 2)

    def error() -> float:
        w, log_variance = encoder(to_tensor(photos))
        assert torch.isfinite(log_variance).all()
        return float((synthesis.base(w).view_as(x) - x).abs().mean())

    before = error()
    rebase(synthesis, encoder, photos)
    assert error() < 0.5 * before
    w = encoder(to_tensor(photos))[0]
    assert 0.5 < float(w[:, :4].std()) < 2  # the new latents are about standard normal where the photos vary
