"""The generators there are: a name in a checkpoint's config.json -> its config and its class. Add one line a model."""

from __future__ import annotations

from torch import nn

from ecomgen.models.shape import GeneratorConfig
from ecomgen.models.stylegan import Generator

GENERATORS: dict[str, tuple[type[GeneratorConfig], type[nn.Module]]] = {
    "stylegan": (GeneratorConfig, Generator),
}
