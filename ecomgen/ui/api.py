"""The public HTTP endpoints, for programs: the same services as the page.

Annotations are evaluated here (no __future__ import): Gradio counts the endpoint's results by them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from ecomgen.errors import EcomgenError
from ecomgen.services.records import GenerationRequest
from ecomgen.ui.context import Services
from ecomgen.ui.photo import photo_bytes

P = ParamSpec("P")
R = TypeVar("R")


def endpoints(services: Services) -> None:
    """Add /generate, /attributes and /recognise to the page that is being built."""

    def generate(
        prompt: str,
        count: int = 8,
        seed: int | None = None,
        psi: float = 0.8,
        model: str | None = None,
        attributes: dict[str, str | None] | None = None,
        retry: bool = True,
        best: bool = False,
    ) -> tuple[list[dict], list[dict]]:
        """Make pictures (with `best` those of more that reviewers will like); returns their files (labelled PNG) and how each
        was made."""
        request = GenerationRequest(
            prompt=prompt,
            count=count,
            seed=seed,
            psi=psi,
            model=model or None,
            attributes=attributes or {},
            retry=retry,
        )
        door = services.favourites if best else services.generation
        pictures = list(door.generate(request))
        kept = services.review.record(pictures)
        files = [
            {"path": str(k.path), "meta": {"_type": "gradio.FileData"}, "mime_type": "image/png"}
            for k in kept
        ]
        return files, [{"id": p.id, **p.parameters()} for p in pictures]

    def attributes(prompt: str) -> dict[str, Any]:
        """What is read from a prompt: each attribute with its value (null where it does not say) and the confidence."""
        read = services.generation.understand(prompt)
        return {name: {"value": r.value, "confidence": r.confidence} for name, r in read.items()}

    def recognise(photo: str) -> dict[str, Any]:
        """What is seen in a photo (PNG, JPEG or WebP as base64): each attribute with its value and the confidence."""
        seen = services.recognition.recognise(services.recognition.open(photo_bytes(photo)))
        return {name: {"value": r.value, "confidence": r.confidence} for name, r in seen.items()}

    gr.api(_told(generate), api_name="generate", concurrency_id="generate", concurrency_limit=1)
    gr.api(_told(attributes), api_name="attributes", queue=False)
    gr.api(_told(recognise), api_name="recognise", queue=False)


def _told(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose errors meant for users reach the caller as their sentence."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except EcomgenError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return told
