"""Training configurations: TOML read into frozen dataclasses. An unknown key is an error that lists the known ones."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from ecomgen.errors import ConfigError

T = TypeVar("T")


def build(cls: type[T], plain: Mapping[str, Any], where: str = "the configuration") -> T:
    """A dataclass from plain data; nested tables become nested dataclasses, lists become tuples.

    Raises ConfigError for an unknown key, a missing one, or a value of the wrong type.
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(plain) - set(fields))
    if unknown:
        raise ConfigError(f"Unknown key {unknown[0]!r} in {where}; known are: {', '.join(fields)}.")
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for name, value in plain.items():
        hint = hints[name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{name} in {where} has to be a table.")
            values[name] = build(hint, value, f"[{name}]")
        elif isinstance(value, list):
            values[name] = tuple(value)
        elif hint in (int, float, str, bool) and not _fits(value, hint):
            raise ConfigError(f"{name} in {where} has to be a {hint.__name__}, not {value!r}.")
        else:
            values[name] = hint(value) if hint is float else value
    try:
        return cls(**values)
    except TypeError as error:
        raise ConfigError(f"A key is missing in {where}; known are: {', '.join(fields)}.") from error


def _fits(value: object, hint: type) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def read_config(path: Path) -> dict[str, Any]:
    """The TOML file as plain data; ConfigError when it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration file {path}.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The configuration file {path} is not readable TOML.") from error


def load_config(path: Path, cls: type[T]) -> T:
    """The TOML file at `path` as a `cls`; the key `trainer`, which chooses among the trainers, is left out."""
    plain = read_config(path)
    plain.pop("trainer", None)
    return build(cls, plain, str(path))
