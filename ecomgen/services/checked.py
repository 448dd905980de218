"""What a product set holds, as plain data: each photo with what is said of it, what was guessed and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from ecomgen.data.archive import Refusal
from ecomgen.data.photo_faults import Fault
from ecomgen.data.products import Product
from ecomgen.schema import Attributes, Schema


@dataclass(frozen=True)
class CheckedProduct:
    """One photo, in pixels. `attributes` has those of the whole set, None = not said; `guessed`: attribute -> confidence
    (0..1) of those values that nobody said."""

    product: Product
    width: int
    height: int
    attributes: Attributes
    guessed: dict[str, float] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """Of the photo, within its set."""
        return self.product.name


@dataclass(frozen=True)
class Sizes:
    """The longer sides of the photos, in pixels."""

    smallest: int
    median: int
    largest: int


@dataclass(frozen=True)
class Checked:
    """A product set as it was looked at; `notes` are sentences about the set as a whole."""

    products: tuple[CheckedProduct, ...]
    refused: tuple[Refusal, ...]
    sizes: Sizes
    notes: tuple[str, ...]
    schema: Schema = field(repr=False)

    def counts(self) -> dict[str, dict[str, int]]:
        """Attribute -> value -> how many photos, the most frequent first; guesses count."""
        found = {
            name: Counter(value for p in self.products if (value := p.attributes.get(name)))
            for name in self.schema.names
        }
        return {name: dict(values.most_common()) for name, values in found.items() if values}

    def fault_counts(self) -> dict[str, int]:
        """Kind of fault -> how many photos have it."""
        return dict(Counter(fault.kind for product in self.products for fault in product.faults))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "products": [
                {
                    "name": p.name,
                    "title": p.product.title,
                    "width": p.width,
                    "height": p.height,
                    "attributes": {name: value for name, value in p.attributes.items() if value},
                    "guessed": p.guessed,
                    "faults": [{key: text for key, text in asdict(f).items() if text} for f in p.faults],
                }
                for p in self.products
            ],
            "refused": [asdict(refused) for refused in self.refused],
            "counts": self.counts(),
            "faults": self.fault_counts(),
            "sizes": asdict(self.sizes),
            "notes": list(self.notes),
        }
