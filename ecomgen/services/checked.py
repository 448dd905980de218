"""What a product set holds, as plain data: each photo with what is said of it, what was guessed and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ecomgen.data.archive import Refusal
from ecomgen.data.photo_faults import FaultKind
from ecomgen.schema import Attributes, Schema

Kind = FaultKind | Literal["person"]


@dataclass(frozen=True)
class PhotoFault:
    """`of` names the photo that a "duplicate" is nearly the same as."""

    kind: Kind
    of: str = ""


@dataclass(frozen=True)
class CheckedProduct:
    """One photo. `attributes` has those of the whole set, None = not said; `guessed`: attribute -> confidence (0..1) of those
    values that nobody said."""

    name: str
    title: str
    width: int
    height: int
    attributes: Attributes
    guessed: dict[str, float] = field(default_factory=dict)
    faults: tuple[PhotoFault, ...] = ()
    split: str = "train"
    vote_weight: float = 1.0


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

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the attributes, in order."""
        return self.schema.names

    def counts(self) -> dict[str, dict[str, int]]:
        """Attribute -> value -> how many photos, the most frequent first; guesses count."""
        result = {}
        for name in self.attributes:
            found: dict[str, int] = {}
            for product in self.products:
                if value := product.attributes.get(name):
                    found[value] = found.get(value, 0) + 1
            if found:
                result[name] = dict(sorted(found.items(), key=lambda item: -item[1]))
        return result

    def fault_counts(self) -> dict[str, int]:
        """Kind of fault -> how many photos have it."""
        found: dict[str, int] = {}
        for product in self.products:
            for fault in product.faults:
                found[fault.kind] = found.get(fault.kind, 0) + 1
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "products": [
                {
                    "name": p.name,
                    "title": p.title,
                    "width": p.width,
                    "height": p.height,
                    "attributes": {name: value for name, value in p.attributes.items() if value},
                    "guessed": p.guessed,
                    "faults": [{"kind": f.kind, "of": f.of} if f.of else {"kind": f.kind} for f in p.faults],
                }
                for p in self.products
            ],
            "refused": [{"name": r.name, "reason": r.reason} for r in self.refused],
            "counts": self.counts(),
            "faults": self.fault_counts(),
            "sizes": vars(self.sizes),
            "notes": list(self.notes),
        }
