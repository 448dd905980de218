"""Blocks shared by the networks. Plain PyTorch operations only, so that everything runs anywhere and exports."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 0.2
_GAIN = 2**0.5
"""Keeps the variance through a leaky ReLU of that slope (up to 2 %)."""


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU, scaled so that unit variance stays unit variance."""
    return F.leaky_relu(x, _SLOPE) * _GAIN


def shrink(pictures: Tensor, size: int) -> Tensor:
    """Pictures [n, c, s, s] at a side of `size`, which divides s."""
    return F.avg_pool2d(pictures, pictures.shape[-1] // size)


def smooth(pictures: Tensor) -> Tensor:
    """[1 2 1] / 4 along rows and columns: pixels that differ from their neighbours in turns, a lattice, cancel out."""
    between = F.avg_pool2d(pictures, 2, stride=1, padding=1, count_include_pad=False)
    return F.avg_pool2d(between, 2, stride=1)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style (StyleGAN2, Karras et al. 2020, eqs. 1-3).

    x [n, c_in, h, w], w [n, w_dim] -> [n, c_out, h, w]; a demodulated one ends in `activate`. Written as scale -> plain
    convolution -> demodulate, which equals modulating the weights without grouped convolutions. Where a single
    picture is larger than the weights it is the weights that are scaled, which saves passes over the picture.
    """

    def __init__(self, c_in: int, c_out: int, w_dim: int, kernel: int = 3, demodulate: bool = True) -> None:
        super().__init__()
        self.style = nn.Linear(w_dim, c_in)
        nn.init.normal_(self.style.weight, std=w_dim**-0.5)
        nn.init.ones_(self.style.bias)
        self.weight = nn.Parameter(torch.randn(c_out, c_in, kernel, kernel) * (c_in * kernel**2) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(c_out))
        self.demodulate = demodulate
        self._kept: tuple[tuple[int, int], Tensor] | None = None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.style(w)
        if self.demodulate:
            # The activation's gain goes in here: scaled before or after a leaky ReLU is the same.
            scale = _GAIN * torch.rsqrt(style.float().square() @ self._energy() + 1e-8)
            x = self._convolve(x, style.to(x.dtype), scale.to(x.dtype), _GAIN * self.bias.to(x.dtype))
            return F.leaky_relu(x, _SLOPE, inplace=not torch.is_grad_enabled())
        return self._convolve(x, style.to(x.dtype), None, self.bias.to(x.dtype))

    def _convolve(self, x: Tensor, style: Tensor, scale: Tensor | None, bias: Tensor) -> Tensor:
        weight, padding = self.weight.to(x.dtype), self.weight.shape[-1] // 2
        if len(x) == 1 and x.numel() >= weight.numel() and not torch.is_grad_enabled():
            weight = weight * style[:, :, None, None]
            return F.conv2d(
                x, weight if scale is None else weight * scale.view(-1, 1, 1, 1), bias, padding=padding
            )
        x = F.conv2d(x * style[:, :, None, None], weight, padding=padding)
        bias = bias[None, :, None, None]
        return x + bias if scale is None else torch.addcmul(bias, x, scale[:, :, None, None])

    def _energy(self) -> Tensor:
        """Squared weights summed over the kernel [c_in, c_out]; kept while a network in use does not change."""
        weight = self.weight  # while an adapter learns, no parameter but made anew at each look
        if self.training or torch.is_grad_enabled() or not isinstance(weight, nn.Parameter):
            return weight.float().square().sum((2, 3)).t()
        version = weight._version, weight.data_ptr()  # a copy of the network has the same versions
        if self._kept is None or self._kept[0] != version:
            self._kept = version, weight.float().square().sum((2, 3)).t().contiguous()
        return self._kept[1]


class ScaledConv(nn.Conv2d):
    """A convolution that starts with unit-variance outputs for unit-variance inputs."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.weight[0].numel() ** -0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class ResidualDown(nn.Module):
    """Two convolutions beside a shortcut, with half the resolution: [n, c_in, h, w] -> [n, c_out, h/2, w/2]."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = ScaledConv(c_in, c_in, 3, padding=1)
        self.down = ScaledConv(c_in, c_out, 3, padding=1)
        self.skip = ScaledConv(c_in, c_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(F.avg_pool2d(activate(self.conv(activate(x))), 2))  # pooled before, for its cost
        return (y + self.skip(F.avg_pool2d(x, 2))) * 0.5**0.5


class ScaledLinear(nn.Linear):
    """A linear layer that starts with unit-variance outputs for unit-variance inputs."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=self.in_features**-0.5)
        nn.init.zeros_(self.bias)
