"""Rows for the store's tests."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from ecomgen.data.store import ComparisonRow, MarkRow, PictureRow, VoteRow


def picture(**changes):
    row = PictureRow(
        id=uuid.uuid4().hex,
        batch="b" * 32,
        position=0,
        prompt="红色跑鞋",
        language="zh",
        parsed={"colour": {"value": "red", "confidence": 0.99}},
        attributes={"colour": "red", "material": None},
        seed=2**63 - 1,
        psi=0.8,
        variation=0.0,
        variation_seed=0,
        model="default",
        model_hash="abcdef0123456789",
        file="a.png",
        created_at=datetime.now(UTC),
        visitor="v",
    )
    return replace(row, **changes)


def vote(picture_id, liked=True, **changes):
    row = VoteRow(
        id=uuid.uuid4().hex,
        picture_id=picture_id,
        liked=liked,
        reasons=(),
        comment="",
        visitor="v",
        created_at=datetime.now(UTC),
    )
    return replace(row, **changes)


def mark(picture_id, kind, value="", present=True, **changes):
    row = MarkRow(
        id=uuid.uuid4().hex,
        picture_id=picture_id,
        kind=kind,
        value=value,
        present=present,
        visitor="v",
        created_at=datetime.now(UTC),
    )
    return replace(row, **changes)


def comparison(left_id, right_id, winner="left", **changes):
    row = ComparisonRow(
        id=uuid.uuid4().hex,
        left_id=left_id,
        right_id=right_id,
        winner=winner,
        visitor="v",
        created_at=datetime.now(UTC),
    )
    return replace(row, **changes)
