"""From metadata columns, class folders and titles to attributes; new words extend the schema."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from ecomgen.data.archive import Entry, Refusal, refusal
from ecomgen.errors import DataError
from ecomgen.schema import Attribute, Attributes, Schema, fold

Row = dict[str, str]
"""Folded column name -> text, for one photo."""

CLASS_FOLDER = "class folder"  # the column that holds the name of a photo's class folder
GUESSED = "guessed"  # the column that says which cells a recogniser filled in: "colour=red; pattern=solid"
GENERATED = "generated"  # the column that says "yes" of what is no photo but a generated picture
VOTE_WEIGHT = "vote weight"  # the column that says how much more often than others a photo is learnt from
RARE = 3  # a value of fewer products than this does not extend the schema in a set of more than MANY
MANY = 1000
NEW_VALUES = range(2, 51)  # how many values a column has that becomes a new attribute
MAX_COLUMNS = 100

FILE_COLUMNS = ("file name", "filename", "file", "image", "image path")
_TITLE_COLUMNS = ("title", "product title", "product name", "productdisplayname", "name", "text", "caption")
_IDENTIFIERS = "id|product id|sku|asin|ean|url|link|image url|split|description|keywords|tags|price|year|date"
_BRANDS = "brand|brand name|manufacturer|maker|vendor|seller|designer|trademark|shop|store"
_COARSE = "master category|mastercategory|sub category|subcategory"
_NO_ATTRIBUTE = {
    GUESSED,
    GENERATED,
    VOTE_WEIGHT,
    *FILE_COLUMNS,
    *_TITLE_COLUMNS,
    *"|".join((_IDENTIFIERS, _BRANDS, _COARSE)).split("|"),
}
MAX_VALUE = 40  # characters of a new value
UNSPECIFIED = "unspecified"  # a cell that says so is not filled from the class folder or the title
_NOT_SAID = {UNSPECIFIED, "未指定"}
_MAX_TITLE = 300


def read_metadata(table: Entry, most: int) -> tuple[dict[str, Row], list[Refusal]]:
    """A `metadata.csv` or `metadata.jsonl`: file name in the set -> row, and what could not be used of it.

    At most `most` lines are read.
    """
    folder = PurePosixPath(table.name).parent
    rows: dict[str, Row] = {}
    unusable = 0
    try:
        text = _decoded(table.read())
        for line in islice(_jsonl(text) if table.name.lower().endswith(".jsonl") else _csv(text), most):
            cells = {fold(column): cell for column, cell in line.items() if column}
            file = next((str(cells[c]).strip() for c in FILE_COLUMNS if cells.get(c)), "")
            if not file:
                unusable += 1
                continue
            row = {column: _clean(cell) for column, cell in cells.items()}
            row["title"] = next((row[c] for c in _TITLE_COLUMNS if row.get(c)), "")
            rows[(folder / file.replace("\\", "/")).as_posix()] = row
    except DataError as error:
        return {}, [refusal(table.name, str(error))]
    reason = f"{unusable:,} of its lines cannot be read or have no file_name; the others are used."
    return rows, [refusal(table.name, reason)] * (unusable > 0)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError("It is not a text file in UTF-8.")


def _csv(text: str) -> Iterator[dict[str, Any]]:
    """The lines as column -> text; an empty one for each line that cannot be read. Raises DataError."""
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise DataError("It is not a table that can be read as CSV.") from error
    if not {fold(c) for c in columns} & set(FILE_COLUMNS):
        raise DataError("It has no column file_name.")
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        yield dict(zip(columns[:MAX_COLUMNS], cells, strict=False))


def _jsonl(text: str) -> Iterator[dict[str, Any]]:
    for line in filter(None, map(str.strip, text.split("\n"))):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else {}


def _clean(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = str(value)[:2000]
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join(text.split())[:_MAX_TITLE]


def said_by_people(row: Row, schema: Schema) -> Row:
    """The row without what a recogniser filled in: a cell counts as guessed while it holds what `guessed` says."""
    guesses = dict(pair.split("=", 1) for pair in row.get(GUESSED, "").split(";") if "=" in pair)
    guesses = {fold(name): fold(value) for name, value in guesses.items()}
    result = {}
    for column, cell in row.items():
        attribute = schema.for_column(column) if guesses else None
        guess = guesses.get(fold(attribute.name)) if attribute else None
        result[column] = "" if column == GUESSED or (guess and fold(cell) == guess) else cell
    return result


def attributes_of(rows: list[Row], schema: Schema) -> tuple[Schema, list[Attributes]]:
    """The schema extended by what the rows bring, and for each row all attributes, None where unspecified.

    A column wins over the class folder, and both over the title.
    """
    words = _words_by_attribute(rows, schema)
    least = RARE if len(rows) > MANY else 1
    known_attributes = {attribute.name: attribute for attribute in schema}
    found: dict[str, list[str]] = {}
    for name, column in words.items():
        known = known_attributes.get(name)
        counts = Counter(
            fold(word) for word in column if word and (known is None or find_value(known, word) is None)
        )
        new = [w for w, n in counts.items() if n >= least and may_be_value(w, schema)]
        if known is not None or len(new) in NEW_VALUES:
            found[name] = new
    schema = schema.extended(found)

    titles = [fold(row.get("title", "")) for row in rows]
    result: list[Attributes] = [{} for _ in rows]
    for attribute in schema:
        column = words.get(attribute.name, [""] * len(rows))
        cached = {word: find_value(attribute, word) for word in set(column)}
        pattern = _title_pattern(attribute) if attribute.titles else None
        for title, word, attributes in zip(titles, column, result, strict=True):
            match = pattern.search(title) if pattern and not word else None
            attributes[attribute.name] = find_value(attribute, match.group()) if match else cached[word]
    return schema, result


def _words_by_attribute(rows: list[Row], schema: Schema) -> dict[str, list[str]]:
    """Attribute name -> its word in every row, for the schema's attributes and those that columns bring."""
    words: dict[str, list[str]] = {}
    # The class folder comes last, so that it fills only what the columns leave empty.
    columns = list(dict.fromkeys(c for row in rows for c in row if c != CLASS_FOLDER))[:MAX_COLUMNS]
    for column in (*columns, CLASS_FOLDER):
        cells = [row.get(column, "") for row in rows]
        attribute = schema.for_column("category" if column == CLASS_FOLDER else column)
        if attribute is not None:
            earlier = words.get(attribute.name, cells)
            words[attribute.name] = [a or b for a, b in zip(earlier, cells, strict=True)]
        elif column not in _NO_ATTRIBUTE and _is_attribute(column, cells, schema):
            words[column] = cells
    return words


def _is_attribute(column: str, cells: list[str], schema: Schema) -> bool:
    """Whether an unknown column is a property with few values, not an identifier or a brand in disguise."""
    values = {fold(cell) for cell in cells if cell}
    if len(values) not in NEW_VALUES or len(values) > sum(map(bool, cells)) / 2:
        return False
    brands = sum(map(schema.has_trademark, values))
    return brands <= len(values) / 10 and all(_is_word(value) for value in values)


def _is_word(text: str) -> bool:
    digits = sum(c.isdigit() for c in text)
    return len(text) <= MAX_VALUE and "://" not in text and sum(c.isalpha() for c in text) > digits


def may_be_value(word: str, schema: Schema) -> bool:
    """Whether a word that the schema does not know becomes a new value of an attribute."""
    return fold(word) not in _NOT_SAID and _is_word(word) and not schema.has_trademark(word)


def find_value(attribute: Attribute, word: str) -> str | None:
    """The name of the value that `word` names, in the singular or the plural."""
    for form in (word, f"{word}s", word.removesuffix("s")):
        if form and (value := attribute.find(form)):
            return value.name
    return None


def _title_pattern(attribute: Attribute) -> re.Pattern[str]:
    """Any word of the values, the longest first; in Latin script whole ones only, and no "non-leather"."""
    words = sorted({fold(w) for v in attribute.values for w in v.words}, key=lambda w: (-len(w), w))
    latin = "|".join(re.escape(w) for w in words if w.isascii()) or "(?!)"
    other = "|".join(re.escape(w) for w in words if not w.isascii()) or "(?!)"
    # The look-ahead spares trying the other words at every letter of an English title.
    return re.compile(rf"(?<![a-z0-9])(?<!non )(?:{latin})(?![a-z0-9])|(?=[^\x00-\x7f])(?:{other})")
