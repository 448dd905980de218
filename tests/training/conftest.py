"""A base of synthetic products, and a set with a word that it never saw: what the tests of fine-tuning share."""

from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes, write_files
from tiny import brief_training

from ecomgen.training.generator import train_generator


@pytest.fixture(scope="session")
def base(product_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bases") / "base"
    assert train_generator(brief_training(16 * 200), product_zip, out)
    return out


@pytest.fixture(scope="session")
def teapots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty products on dark backgrounds, half of them of a category that no schema lists."""
    files, lines = {}, ["file_name,category,colour"]
    for i in range(60):
        shape, word = (("caps", "teapots"), ("watches", "watches"))[i % 2]
        colour = ("red", "blue", "green")[i // 2 % 3]
        image = draw_product(shape, colour, (32, 32), i, background=(60, 40, 90))
        files[f"images/{i:03}.png"] = photo_bytes(image, "PNG")
        lines.append(f"images/{i:03}.png,{word},{colour}")
    files["metadata.csv"] = "\n".join(lines).encode()
    return write_files(tmp_path_factory.mktemp("teapots") / "set.zip", files)
