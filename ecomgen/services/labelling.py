"""Half-labelled product sets: fills in what the recogniser is sure of, marked as guessed, and says what to label by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecomgen.data.metadata import CLASS_FOLDER, FILE_COLUMNS, GUESSED
from ecomgen.data.products import Product, read_products
from ecomgen.errors import DataError, InvalidRequest
from ecomgen.schema import Schema
from ecomgen.services.attributes import Reading
from ecomgen.services.recognition import Recognition, Sight
from ecomgen.services.tables import write_table

Progress = Callable[[str, float], None]

_TOGETHER = 128
_NOT_CELLS = {*FILE_COLUMNS, CLASS_FOLDER, GUESSED}
_Columns = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class ToLabel:
    """A photo that a person should label, and what the recogniser would say, sure or not, of what nobody has said."""

    file_name: str
    unsure: dict[str, Reading]


@dataclass(frozen=True)
class Labelling:
    """What came of it: the `table` that was written, how many photos it lists, how many values of each attribute were
    guessed and how many are still open, and which photos to label `first`."""

    table: Path
    photos: int
    guessed: dict[str, int]
    open: dict[str, int]
    first: list[ToLabel]


@dataclass(frozen=True)
class _Line:
    """One photo on its way into the table; `open` are the attributes that nobody has said."""

    product: Product
    cells: dict[str, str]
    open: frozenset[str]


def label(
    recognition: Recognition,
    path: Path,
    out: Path,
    sure: float = 0.9,
    limit: int | None = None,
    first: int = 20,
    progress: Progress = lambda what, share: None,
) -> Labelling:
    """Write `out`, a metadata.csv for the set at `path` that belongs at its top, in place of the one it has.

    What people said stays as it is. What they did not say is filled in when the recogniser's confidence is `sure` (0..1) or
    more, and named in the column `guessed`; earlier guesses are made anew. `limit` looks at no more than so many photos.
    The photos that should be labelled by hand come first. Raises InvalidRequest, DataError, CheckpointError, StoreError.
    """
    if not 0 < sure <= 1:
        raise InvalidRequest("How sure is sure has to be above 0 and at most 1, for example 0.9.")
    if first < 0 or (limit is not None and limit < 1):
        raise InvalidRequest("The numbers of photos have to be 1 or more.")
    known = recognition.values
    found = read_products(path, guesses=False)
    columns = _columns(found.products, known, found.schema)
    lines = [_line(product, known, columns) for product in found.products]

    looked = [i for i, line in enumerate(lines) if line.open][:limit]
    looked, sight = _look(recognition, lines, looked, progress)
    guesses = recognition.readings(sight, sure)
    likeliest = recognition.readings(sight, 0.0)
    order, chosen = _order(sight, [lines[i].open for i in looked], guesses, first)

    guessed: Counter[str] = Counter()
    for i, readings in zip(looked, guesses, strict=True):
        taken = {name: r.value for name, r in readings.items() if r.value and name in lines[i].open}
        guessed.update(taken.keys())
        cells = lines[i].cells | {columns[name][0]: value for name, value in taken.items()}
        cells[GUESSED] = "; ".join(f"{name}={value}" for name, value in taken.items())
        lines[i] = replace(lines[i], cells=cells, open=lines[i].open - taken.keys())

    leading = [looked[row] for row in order]
    rest = sorted(set(range(len(lines))) - set(leading))
    write_table(out, _header(lines, known, columns), [lines[i].cells for i in (*leading, *rest)])
    to_label = [
        ToLabel(
            lines[looked[row]].product.name,
            {name: likeliest[row][name] for name in known if name in lines[looked[row]].open},
        )
        for row in chosen
    ]
    still_open = Counter(name for line in lines for name in line.open)
    return Labelling(out, len(lines), dict(guessed), dict(still_open), to_label)


def _columns(products: list[Product], known: dict[str, tuple[str, ...]], schema: Schema) -> _Columns:
    """Attribute -> the columns that say it: the set's own for it, or else one of its name."""
    columns: _Columns = {}
    for column in dict.fromkeys(c for p in products for c in p.row if c not in _NOT_CELLS):
        attribute = schema.for_column(column)
        if attribute is not None:
            columns[attribute.name] = (*columns.get(attribute.name, ()), column)
    return {name: (name,) for name in (*known, *schema.names)} | columns


def _line(product: Product, known: dict[str, tuple[str, ...]], columns: _Columns) -> _Line:
    """The photo's cells as people wrote them, with what its title and its class folder say where no cell does."""
    cells = {"file_name": product.name} | {c: text for c, text in product.row.items() if c not in _NOT_CELLS}

    def is_said(name: str) -> bool:
        return any(cells.get(column) for column in columns[name])

    for name, value in product.attributes.items():
        if value and not is_said(name):
            cells[columns[name][0]] = value
    return _Line(product, cells, frozenset(name for name in known if not is_said(name)))


def _look(
    recognition: Recognition, lines: list[_Line], wanted: list[int], progress: Progress
) -> tuple[list[int], Sight]:
    """What is seen in the photos of these lines, and which of them could be decoded."""
    looked: list[int] = []
    parts: list[Sight] = []
    for start in range(0, len(wanted), _TOGETHER):
        framed = []
        for i in wanted[start : start + _TOGETHER]:
            try:
                framed.append(recognition.frame(lines[i].product.image()))
            except DataError:
                continue
            looked.append(i)
        parts.append(recognition.look(framed))
        progress("Looking at the photos", min(start + _TOGETHER, len(wanted)) / len(wanted))
    parts = parts or [recognition.look([])]
    rows = {name: np.concatenate([p.probabilities[name] for p in parts]) for name in parts[0].probabilities}
    return looked, Sight(np.concatenate([p.features for p in parts]), rows)


def _order(
    sight: Sight, open_: list[frozenset[str]], guesses: list[dict[str, Reading]], first: int
) -> tuple[list[int], list[int]]:
    """The rows that need a person, the most informative first, then by doubt; and the `first` of them."""
    from ecomgen.training.informative import doubt, most_informative

    masks = [
        np.array([name in missing and guess[name].value is None for missing, guess in zip(open_, guesses, strict=True)], bool)
        for name in sight.probabilities
    ]  # fmt: skip
    doubts = doubt(list(sight.probabilities.values()), masks)
    chosen = most_informative(sight.features, doubts, first).tolist()
    others = [i for i in np.argsort(-doubts, kind="stable").tolist() if doubts[i] > 0]
    return [*chosen, *(i for i in others if i not in set(chosen))], chosen


def _header(lines: list[_Line], known: dict[str, tuple[str, ...]], columns: _Columns) -> list[str]:
    """file_name first, then what the set has, then the attributes that can be recognised, then `guessed`."""
    used = dict.fromkeys(column for line in lines for column, text in line.cells.items() if text)
    wanted = dict.fromkeys(("file_name", "title", *used, *(columns[name][0] for name in known)))
    return [c for c in wanted if c != GUESSED and (c != "title" or c in used)] + [GUESSED]
