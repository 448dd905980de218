"""Sample grids: what the network draws, as one picture file."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def to_bytes(pictures: Tensor) -> Tensor:
    """Float pictures [n, 3, h, w] in [-1, 1] -> uint8 [n, h, w, 3]."""
    return pictures.float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


def save_grid(pictures: Tensor, path: Path, columns: int, gap: int = 2) -> None:
    """Pictures [n, 3, h, w] in [-1, 1], row by row on white, `columns` to a row; the suffix chooses the format."""
    tiles = to_bytes(pictures)
    n, height, width, _ = tiles.shape
    rows = -(-n // columns)
    sheet = torch.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, dtype=torch.uint8
    )
    for i, tile in enumerate(tiles):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = tile
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet.numpy()).save(path)
