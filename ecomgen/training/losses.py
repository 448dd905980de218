"""The losses, apart from the loops: tensors in, scalars out. Each is tested against a plain reference."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.training import processes


def multiscale_l1(fake: Tensor, real: Tensor, scales: int = 3) -> Tensor:
    """Mean absolute difference, summed over full, half, quarter... resolution; pictures [n, 3, h, w]."""
    total = fake.new_zeros(())
    for i in range(scales):
        if i:
            fake, real = F.avg_pool2d(fake, 2), F.avg_pool2d(real, 2)
        total = total + (fake - real).abs().mean()
    return total


def gradient_l1(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference of the horizontal and vertical image gradients: edges where edges are."""
    difference = fake - real
    return difference.diff(dim=3).abs().mean() + difference.diff(dim=2).abs().mean()


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats: summed over dimensions, averaged over the batch."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Discriminator hinge loss (Lim & Ye 2017) on logits of any shape."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """Generator side of the hinge loss."""
    return -fake.mean()


def gradient_penalty(logits: Tensor, shown: Tensor) -> Tensor:
    """Mean squared length of the gradient of each input's mean logit by the input `shown` [n, ...], which requires grad.

    On photos R1 (Mescheder et al. 2018, eq. 9), on pictures R2; both are zero where a discriminator has settled.
    """
    means = logits.flatten(1).mean(1).sum()
    (gradient,) = torch.autograd.grad(means, shown, create_graph=True)
    return gradient.flatten(1).square().sum(1).mean()


def feature_distance(fake: list[Tensor], real: list[Tensor]) -> Tensor:
    """Mean absolute difference of discriminator features, each resolution divided by the real features' size.

    The learned similarity of VAE/GAN (Larsen et al. 2016): a perceptual term without a network from elsewhere.
    """
    sizes = [each.detach().abs().float().mean() for each in real]
    processes.average(sizes)  # of the whole batch: the mean of quotients is not the quotient of means
    total = fake[0].new_zeros((), dtype=torch.float32)
    for a, b, size in zip(fake, real, sizes, strict=True):
        total = total + (a - b).abs().float().mean() / (size + 1e-6)
    return total / len(fake)


def flow_matching(velocity: Tensor, noise: Tensor, target: Tensor) -> Tensor:
    """Squared error against the straight path's velocity, target - noise (Lipman et al. 2023, eq. 23 with sigma 0)."""
    return (velocity - (target - noise)).square().mean()
