"""What must not be lost: every picture's recipe, every vote and every mark, in SQLite by default, in PostgreSQL by URL."""

from ecomgen.data.store.filters import Facet, Filter, Sort
from ecomgen.data.store.rows import (
    ComparisonRow,
    MarkKind,
    MarkRow,
    PictureRow,
    Rated,
    ShortlistRow,
    StoredPicture,
    VoteRow,
    Winner,
    standing,
)
from ecomgen.data.store.store import Store
from ecomgen.data.store.tallies import Tallies

__all__ = [
    "ComparisonRow",
    "Facet",
    "Filter",
    "MarkKind",
    "MarkRow",
    "PictureRow",
    "Rated",
    "ShortlistRow",
    "Sort",
    "Store",
    "StoredPicture",
    "Tallies",
    "VoteRow",
    "Winner",
    "standing",
]
