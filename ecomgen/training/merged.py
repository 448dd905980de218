"""Values that a shopper would not tell apart: reports count them as one, beside the exact figures."""

from __future__ import annotations

MERGED: dict[str, tuple[tuple[str, ...], ...]] = {
    "category": (
        ("casual shoes", "sports shoes"),
        ("perfume", "deodorant"),
        ("sweatshirts", "sweaters"),
        ("trousers", "track pants"),
        ("tops", "t-shirts"),
        ("tops", "kurtas"),
    ),
    "colour": (
        ("grey", "charcoal"),
        ("brown", "coffee", "tan"),
        ("beige", "cream"),
        ("teal", "turquoise"),
        ("purple", "lavender"),
        ("pink", "magenta"),
    ),
}
