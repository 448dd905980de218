"""What several commands open; the heavy imports wait until one does."""

from typing import TYPE_CHECKING

from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.services.generation import Generation


def open_generation(settings: Settings) -> "Generation":
    """The generator's service, with the reader of prompts."""
    from ecomgen.services.attributes import AttributeReader
    from ecomgen.services.generation import Generation

    return Generation(settings, AttributeReader(settings))
