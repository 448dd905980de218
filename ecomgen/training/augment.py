"""Random crops, mirrors and light for whole batches of pictures.

torchvision's transforms draw one set of numbers a call, so each picture of a batch would need a call of its own, which on
small pictures takes longer than the network does; here a batch is one sampling grid and one colour matrix a picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.training import processes

_LUMA = torch.tensor([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class AugmentConfig:
    """`area`: smallest share of the picture that a crop shows; `light`: largest relative change of brightness, contrast and
    saturation; `hue`: largest turn of the colour circle, in shares of it (colours are labels here: keep it small); `side`: of the
    views in pixels, 0 for that of the pictures. A crop shows things larger than they are when the whole picture is looked at, so
    smaller views are nearer to that (Touvron et al. 2019), and cost less."""

    area: float = 0.35
    light: float = 0.3
    hue: float = 0.0
    side: int = 0


def augment(pictures: Tensor, config: AugmentConfig) -> Tensor:
    """Pictures [n, 3, s, s] in [-1, 1] -> one random view of each, same range; uses torch's random state."""
    return change_light(crop(pictures, config.area, config.side), config.light, config.hue)


def crop(pictures: Tensor, area: float, size: int = 0) -> Tensor:
    """A random part of each picture (at least the share `area` of it, sides 3:4 to 4:3), mirrored half of the time, as
    [n, 3, size, size] (0: as it was)."""
    n, size = len(pictures), size or pictures.shape[-1]
    side = (area + (1 - area) * torch.rand(n)).sqrt()
    stretch = (torch.rand(n) * 2 - 1).mul(math.log(4 / 3) / 2).exp()
    width, height = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = width * torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = height
    theta[:, 0, 2] = (torch.rand(n) * 2 - 1) * (1 - width)
    theta[:, 1, 2] = (torch.rand(n) * 2 - 1) * (1 - height)
    grid = F.affine_grid(theta.to(pictures), [n, 3, size, size], align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def change_light(pictures: Tensor, light: float, hue: float) -> Tensor:
    """Brightness, contrast and saturation by up to the share `light`, colours turned by up to the share `hue` of the circle."""
    n = len(pictures)
    chance = processes.mine(torch.rand(3, n * processes.count(), 1, 1), dim=1)
    brightness, contrast, saturation = (1 + light * (chance * 2 - 1)).unbind()
    grey = _LUMA.expand(3, 3)
    matrix = saturation * torch.eye(3) + (1 - saturation) * grey
    if hue:
        matrix = turn(2 * math.pi * hue * (torch.rand(n) * 2 - 1)) @ matrix
    unit = (pictures + 1) / 2
    mean = unit.mean((1, 2, 3), keepdim=True)
    changed = torch.einsum("nij,njhw->nihw", (brightness * matrix).to(pictures), unit)
    contrast = contrast.view(n, 1, 1, 1).to(pictures)
    return ((changed - mean) * contrast + mean).clamp(0, 1) * 2 - 1


def turn(angle: Tensor) -> Tensor:
    """Rotations of RGB about the grey axis: angles [n] in radians -> matrices [n, 3, 3] (Rodrigues)."""
    axis = 3**-0.5
    cross = axis * torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    along = torch.full((3, 3), 1 / 3)
    cosine, sine = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    return cosine * torch.eye(3) + sine * cross + (1 - cosine) * along
