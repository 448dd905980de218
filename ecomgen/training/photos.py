"""The photos that a generator learns from: read from a product set, framed, and split into learnt and held out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ecomgen.data.photos import photo_array
from ecomgen.data.products import Product, is_held_out, read_products
from ecomgen.errors import DataError
from ecomgen.schema import Schema


@dataclass(frozen=True)
class DataConfig:
    """Which photos of the set are learnt from, and how they are framed.

    `detail` names a second set, which holds some of the photos larger, under the same names and squeezed or stretched to
    another shape than their true width/height `detail_aspect`. Without it the set's own large photos teach detail.
    """

    set: str = ""
    categories: tuple[str, ...] = ()
    trim: bool = True
    held_out: float = 0.05
    detail: str = ""
    detail_aspect: float = 0.75


@dataclass(frozen=True)
class Photos:
    """Photos in memory (uint8 [n, s, s, 3]) with their products, learnt from and held out."""

    train: Tensor
    train_products: list[Product]
    held_out: Tensor
    held_out_products: list[Product]
    schema: Schema


def read_photos(config: DataConfig, path: Path, size: int, most: int | None = None) -> Photos:
    """Read and frame the photos of a product set; a set's own val split is held out, else a fixed share by name.

    With `most` no more training photos than that are read, spread over the set. Raises DataError when no photo of the wanted
    categories is left.
    """
    found = read_products(path)
    products = [
        p
        for p in found.products
        if not config.categories or p.attributes.get("category") in config.categories
    ]
    if not products:
        raise DataError(
            f"{path.name} holds no photo of the wanted categories: {', '.join(config.categories)}."
        )
    has_split = any(p.split != "train" for p in products)
    held_out: list[Product] = []
    train: list[Product] = []
    for p in products:
        held = p.split != "train" if has_split else is_held_out(p.name, config.held_out)
        (held_out if held else train).append(p)
    if most is not None and most < len(train):
        train = [train[i * len(train) // most] for i in range(most)]
    return Photos(*_framed(train, config, size), *_framed(held_out, config, size), found.schema)


def _framed(products: list[Product], config: DataConfig, size: int) -> tuple[Tensor, list[Product]]:
    array, kept = photo_array(products, size, trim=config.trim)
    return torch.from_numpy(array), [products[i] for i in kept]


def read_detail(config: DataConfig, data: Path, products: list[Product], size: int) -> tuple[Tensor, Tensor]:
    """The photos of `products` that exist in full size: uint8 [m, size, size, 3], and which of `products` they are [m]."""
    rows = {product.name: i for i, product in enumerate(products)}
    if config.detail:
        found = [p for p in read_products(Path(config.detail)).products if p.name in rows]
        array, kept = photo_array(found, size, config.trim, config.detail_aspect)
    else:
        found = [p for p in products if p.side() >= size]
        array, kept = photo_array(found, size, config.trim)
    return torch.from_numpy(array), torch.tensor([rows[found[i].name] for i in kept], dtype=torch.long)
