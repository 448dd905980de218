"""A base of synthetic products, and a set with a word that it never saw: what the tests of fine-tuning share."""

from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes, write_files

from ecomgen.models.encoder import EncoderConfig
from ecomgen.models.shape import GeneratorConfig
from ecomgen.training.adversarial import AdversarialConfig
from ecomgen.training.autoencoder import AutoencoderConfig
from ecomgen.training.generator import GeneratorTraining, train_generator
from ecomgen.training.mapping import MappingConfig


@pytest.fixture(scope="session")
def base(product_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bases") / "base"
    config = GeneratorTraining(
        generator=GeneratorConfig(
            channels=(32, 32, 16), base=8, w_dim=16, mapping_width=32, mapping_layers=2, steps=4
        ),
        encoder=EncoderConfig(channels=(16, 32), base=8, w_dim=16),
        autoencoder=AutoencoderConfig(images=16 * 60, batch=16, half_life=100, learn_codes=False),
        mapping=MappingConfig(latents=16 * 200, batch=16, half_life=100),
        adversarial=AdversarialConfig(images=16 * 4, batch=16, half_life=20),
        least=2,
        precision="fp32",
        compile=False,
    )
    assert train_generator(config, product_zip, out)
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
