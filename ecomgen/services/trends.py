"""What the market asks for: the last uploaded table of attribute shares by date, and how far our pictures are from it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.schema import Attribute, Schema, Value, default_schema, fold
from ecomgen.services.pictures import replace_file
from ecomgen.services.review_input import clean
from ecomgen.settings import Settings

MOST_BYTES = 2**20
"""Largest table, in bytes."""

MOST_ROWS = 20_000
"""Longest table, in rows."""

COLUMNS = ("date", "attribute", "value", "share")
"""The columns of a table; others are left alone."""

EXAMPLE = (
    "date,attribute,value,share\n"
    "2026-09-01,colour,black,24 %\n2026-09-01,colour,white,18 %\n2026-09-01,colour,red,7 %\n"
    "2026-10-01,colour,black,18 %\n2026-10-01,colour,white,21 %\n2026-10-01,colour,red,11 %\n"
    "2026-10-01,category,sports shoes,42 %\n2026-10-01,category,handbags,31 %\n2026-10-01,品类,手表,27 %\n"
)
"""A table to begin with."""

_MOST_PROBLEMS = 20
_SHOWN = 40
_ROUNDING = 0.005  # shares in whole per cent seldom make the whole

Shares = dict[str, dict[str, float]]
"""Attribute -> value -> share; those of an attribute sum to 1 at most: the rest is what the table does not name."""


@dataclass(frozen=True)
class Problem:
    """A row that was left out: its line in the file, which kind of fault it has, and the word that has it."""

    line: int
    fault: str
    word: str

    def __str__(self) -> str:
        return f"Line {self.line}: {FAULTS[self.fault].format(word=self.word)}"


FAULTS = {
    "date": "“{word}” is not a date like 2026-11-24.",
    "attribute": "“{word}” is not a known attribute.",
    "value": "“{word}” is not a known value of this attribute.",
    "share": "“{word}” is not a share from 0 to 100 %.",
    "twice": "“{word}” is listed twice on this date.",
    "short": "The row has too few cells.",
}
"""What can be wrong with a row."""


@dataclass(frozen=True)
class Upload:
    """What was taken of a table, and the first rows that were left out; `left_out` counts all of them."""

    taken: int
    left_out: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ValueDrift:
    """One value's share (0 to 1) of the market, of the pictures made, and of those liked; None where there are none.

    The value "" stands for all that the market's table does not name.
    """

    value: str
    market: float
    made: float | None
    liked: float | None


@dataclass(frozen=True)
class Drift:
    """One attribute: the market at its latest date against our pictures, the most asked for first, what the table does not name last.

    `distance` is the share of pictures made (0 to 1) that would have to change to meet the market (total variation).
    """

    day: date
    pictures: int
    distance: float | None
    values: tuple[ValueDrift, ...]


@dataclass(frozen=True)
class _Table:
    upload: Upload
    days: Mapping[str, Mapping[date, Mapping[str, float]]]  # attribute -> day -> value -> share as written


class Trends:
    """Keeps the last table in the home folder; nothing is read or written before the first call. Safe from many threads."""

    def __init__(self, settings: Settings, schema: Schema | None = None) -> None:
        self._file = settings.home / "market-trend.csv"
        self._given = schema
        self._read: tuple[tuple[int, int], _Table] | None = (
            None  # the file's time and size, and what it holds
        )

    def upload(self, content: bytes) -> Upload:
        """Check a table and keep it in place of the last one. Raises InvalidRequest, and StoreError when it cannot be kept."""
        table = _parse(content, self._schema)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, content)
        except OSError as error:
            raise StoreError(f"The table cannot be kept: {error.strerror or error}.") from error
        return table.upload

    def shares(self, day: date | None = None) -> Shares:
        """What the market asked for last (on `day` or before), by attribute; {} without a table."""
        return {name: shares for name, (_, shares) in self._latest(day).items()}

    def drift(
        self, made: Mapping[str, Mapping[str, int]], liked: Mapping[str, Mapping[str, int]] | None = None
    ) -> dict[str, Drift]:
        """Compare the market with pictures counted by attribute and value, for each attribute of the table."""
        return {
            name: _drift(day, shares, made.get(name, {}), (liked or {}).get(name, {}))
            for name, (day, shares) in self._latest(None).items()
        }

    @property
    def _schema(self) -> Schema:
        return self._given or default_schema()

    def _latest(self, until: date | None) -> dict[str, tuple[date, dict[str, float]]]:
        """Each attribute's latest day and its shares as the table has them, 0 to 1, in all at most 1."""
        found: dict[str, tuple[date, dict[str, float]]] = {}
        table = self._table()
        for attribute in self._schema if table else ():
            days = (table.days if table else {}).get(attribute.name, {})
            told = [day for day in days if (until is None or day <= until) and sum(days[day].values()) > 0]
            if told:
                found[attribute.name] = max(told), _fractions(days[max(told)])
        return found

    def _table(self) -> _Table | None:
        """The kept table, read again only when the file has changed; None when there is none that can be read."""
        try:
            state = self._file.stat()
            key = state.st_mtime_ns, state.st_size
            last = self._read
            if last is None or last[0] != key:
                last = key, _parse(_content(self._file), self._schema)
                self._read = last
        except (OSError, InvalidRequest):  # somebody else wrote into the file
            return None
        return last[1]


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _parse(content: bytes, schema: Schema) -> _Table:
    """Read a table. Raises InvalidRequest, one sentence, when nothing in it can be used."""
    if len(content) > MOST_BYTES:
        raise InvalidRequest("The trend table is larger than 1 MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The trend table is not UTF-8 text; please save it as “CSV UTF-8”.") from error
    taken, problems = 0, []
    days: dict[str, dict[date, dict[str, float]]] = {}
    seen: set[tuple[date, str, str]] = set()
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [fold(cell) for cell in next(rows, [])]
        if not set(COLUMNS) <= set(header):
            raise InvalidRequest(f"The trend table needs the columns {', '.join(COLUMNS)}.")
        places = [header.index(name) for name in COLUMNS]
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise InvalidRequest(f"The trend table has more than {MOST_ROWS:,} rows.")
            if not any(cell.strip() for cell in row):
                continue
            fault = _take(row, places, schema, days, seen)
            taken += fault is None
            problems += [Problem(rows.line_num, *fault)] if fault else []
    except csv.Error as error:
        raise InvalidRequest("The trend table is not a CSV file that can be read.") from error
    if not taken:
        first = f" {problems[0]}" if problems else ""
        raise InvalidRequest(f"The trend table holds no row that can be used.{first}")
    return _Table(Upload(taken, len(problems), tuple(problems[:_MOST_PROBLEMS])), days)


def _take(
    row: list[str],
    places: list[int],
    schema: Schema,
    days: dict[str, dict[date, dict[str, float]]],
    seen: set[tuple[date, str, str]],
) -> tuple[str, str] | None:
    """Add a row to `days`; else what is wrong with it, and which word."""
    if len(row) <= max(places):
        return "short", ""
    when, of, word, amount = (clean(row[place]) for place in places)
    try:
        day = date.fromisoformat(when.replace("/", "-"))
    except ValueError:
        return "date", when[:_SHOWN]
    attribute = _attribute(schema, of)
    if attribute is None:
        return "attribute", of[:_SHOWN]
    value = attribute.find(word)
    if value is None:
        return "value", word[:_SHOWN]
    share = _share(amount)
    if share is None:
        return "share", amount[:_SHOWN]
    if (day, attribute.name, fold(word)) in seen:
        return "twice", word[:_SHOWN]
    seen.add((day, attribute.name, fold(word)))
    _add(days, day, attribute, value, share)
    return None


def _add(
    days: dict[str, dict[date, dict[str, float]]], day: date, attribute: Attribute, value: Value, share: float
) -> None:
    """Two words of the table may name one value: their shares add up."""
    shares = days.setdefault(attribute.name, {}).setdefault(day, {})
    shares[value.name] = shares.get(value.name, 0.0) + share


def _attribute(schema: Schema, word: str) -> Attribute | None:
    named = (attribute for attribute in schema if attribute.zh and fold(attribute.zh) == fold(word))
    return schema.for_column(word) or next(named, None)


def _share(text: str) -> float | None:
    """A share as a fraction or in per cent: an attribute's shares are scaled together, so either will do."""
    percent = text.endswith(("%", "％"))
    try:
        share = float(text.rstrip("%％ ")) / (100 if percent else 1)
    except ValueError:
        return None
    return share if math.isfinite(share) and 0 <= share <= (1 if percent else 100) else None


def _fractions(shares: Mapping[str, float]) -> dict[str, float]:
    """Shares that were written as fractions or in per cent, as fractions; scaled down where they exceed the whole."""
    unit = 100 if max(shares.values()) > 1 else 1
    scale = max(unit, sum(shares.values()))
    return {value: share / scale for value, share in shares.items()}


def _drift(
    day: date, market: Mapping[str, float], made: Mapping[str, int], liked: Mapping[str, int]
) -> Drift:
    def row(value: str, asked: float, of_made: int, of_liked: int) -> ValueDrift:
        made_share = of_made / all_made if all_made else None
        return ValueDrift(value, asked, made_share, of_liked / all_liked if all_liked else None)

    all_made, all_liked = sum(made.values()), sum(liked.values())
    values = [row(name, share, made.get(name, 0), liked.get(name, 0)) for name, share in market.items()]
    values.sort(key=lambda each: (-each.market, each.value))
    other_made = sum(count for name, count in made.items() if name not in market)
    other_liked = sum(count for name, count in liked.items() if name not in market)
    other = max(0.0, 1 - sum(market.values()))
    if other_made or other_liked or other > _ROUNDING:
        values.append(row("", other, other_made, other_liked))
    distance = sum(abs(each.market - (each.made or 0)) for each in values) / 2 if all_made else None
    return Drift(day, all_made, distance, tuple(values))
