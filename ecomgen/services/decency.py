"""An optional second look at what strangers send: a picture classifier that the operator names, where its weights can be had."""

from __future__ import annotations

import threading
from typing import Any

from PIL import Image

from ecomgen.errors import ConfigError, PolicyRefusal
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

LEAST = 0.5
"""A picture is turned away when its unwanted labels have this probability or more together."""

_UNWANTED = ("nsfw", "porn", "hentai", "sexy", "explicit", "unsafe", "gore", "violence")


class Decency:
    """Lets everything pass where no classifier is named. Loads on first use, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._name = settings.decency_model
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any, list[int]] | None = None

    @property
    def looks(self) -> bool:
        """Whether a classifier is named."""
        return bool(self._name)

    def allows(self, photo: Image.Image) -> bool:
        """Whether a shop can use it. Raises ConfigError when the classifier cannot be loaded."""
        if not self.looks:
            return True
        with self._loading:
            if self._loaded is None:
                self._loaded = compute(_load, self._name)
        return compute(_unwanted, *self._loaded, photo) < LEAST

    def check(self, photo: Image.Image) -> None:
        """Raise PolicyRefusal for what a shop cannot use, and ConfigError when the classifier cannot be loaded."""
        if not self.allows(photo):
            raise PolicyRefusal(
                "This picture does not look suitable for a shop; please choose another one.",
                "这张图片不适合在店铺中使用，请换一张。",
            )


def _load(name: str) -> tuple[Any, Any, list[int]]:
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    try:
        model = AutoModelForImageClassification.from_pretrained(name).eval()
        processor = AutoImageProcessor.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            "The picture classifier that ECOMGEN_DECENCY_MODEL names cannot be loaded."
        ) from error
    labels: dict[int, str] = model.config.id2label
    unwanted = [i for i, label in labels.items() if any(word in label.lower() for word in _UNWANTED)]
    if not unwanted:
        raise ConfigError(
            "The picture classifier that ECOMGEN_DECENCY_MODEL names has no label such as “nsfw”."
        )
    return model, processor, unwanted


def _unwanted(model: Any, processor: Any, unwanted: list[int], photo: Image.Image) -> float:
    """The probability of all unwanted labels together."""
    import torch

    with torch.inference_mode():
        logits = model(**processor(photo.convert("RGB"), return_tensors="pt")).logits[0]
    return float(logits.softmax(0)[unwanted].sum())
