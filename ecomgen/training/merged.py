"""Values that a shopper would not tell apart: reports count them as one, beside the exact figures."""

from __future__ import annotations

MERGED: dict[str, tuple[tuple[str, ...], ...]] = {
    "category": (
        ("casual shoes", "sports shoes"),
        ("sandals", "flip flops"),
        ("sweatshirts", "sweaters"),
        ("trousers", "track pants"),
        ("t-shirts", "tops"),
    ),
    # Shades of one name: two shops would list the same product under either. Navy and blue, grey and silver, red and maroon
    # stay apart: who orders one of them and gets the other sends it back.
    "colour": (
        ("grey", "charcoal"),
        ("brown", "coffee", "tan"),
        ("beige", "cream"),
        ("teal", "turquoise"),
        ("purple", "lavender"),
        ("pink", "magenta"),
    ),
}

_FIRST = {(name, value): group[0] for name, groups in MERGED.items() for group in groups for value in group}


def merged(attribute: str, value: str) -> str:
    """The one name for all values that count as this one."""
    return _FIRST.get((attribute, value), value)
