"""What must not be lost: every picture's recipe, every vote, every mark and every job, in SQLite by default, in PostgreSQL by URL."""

from ecomgen.data.store.filters import Facet, Filter, Sort
from ecomgen.data.store.rows import (
    ComparisonRow,
    Device,
    JobRow,
    JobState,
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
    "Device",
    "Facet",
    "Filter",
    "JobRow",
    "JobState",
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
