"""The checkpoints of the folder in the settings: which there are, and the last few that were used, in memory."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecomgen.errors import CheckpointError, EcomgenError
from ecomgen.schema import Schema
from ecomgen.services.engine import Engine
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

if TYPE_CHECKING:
    from ecomgen.models.checkpoint import Checkpoint

_KEPT_IN_MEMORY = 4
"""A base and some adapters over it: to go from one to the other takes no time then."""

_NAME = re.compile(r"[\w][\w.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class ModelSummary:
    """A checkpoint as it is listed: what it knows, or in one sentence why it cannot be used."""

    name: str
    title: str = ""
    size: int = 0
    categories: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hash: str = ""
    drawn_by: str = ""
    problem: str | None = None


class Checkpoints:
    """Lists checkpoints, loads them when they are first needed and keeps the last few. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[str, Checkpoint] = OrderedDict()
        self._loading = threading.RLock()
        self._engine = Engine(settings.home, settings.threads)

    def summaries(self) -> list[ModelSummary]:
        """Every checkpoint there is, the default one first; damaged ones are listed with their problem."""
        folders = self._settings.checkpoint_folders
        names = sorted({p.parent.name for folder in folders for p in folder.glob("[!.]*/config.json")})
        summaries = [s for name in names if (s := self._summary(name)) is not None]
        return sorted(summaries, key=lambda s: s.name != self._settings.model)

    def name(self, model: str | None) -> str:
        """The name of a checkpoint that there is, the default one for None. Raises CheckpointError."""
        name = model or self._settings.model
        if not _NAME.fullmatch(name) or not (self._settings.checkpoint(name) / "config.json").is_file():
            usable = ", ".join(s.name for s in self.summaries() if s.problem is None) or "none"
            raise CheckpointError(f"There is no checkpoint “{name[:64]}”; there are: {usable}.")
        return name

    def schema(self, model: str | None) -> Schema:
        """The attributes and values that a checkpoint has learnt. Raises InvalidRequest or CheckpointError."""
        from ecomgen.models.checkpoint import read_config

        return Schema.from_dict(read_config(self._settings.checkpoint(self.name(model)))["schema"])

    def schema_in_use(self, model: str | None) -> Schema:
        """The same, without a look at the disk where the checkpoint is in memory."""
        loaded = self._loaded.get(self.name(model))
        return loaded.schema if loaded else self.schema(model)

    def load(self, model: str | None) -> Checkpoint:
        """The checkpoint, from memory or disk. Raises CheckpointError."""
        return self._load(self.name(model))

    def measure(self) -> None:
        """Find out how this machine draws fastest with each usable checkpoint; it is kept and used from then on."""
        for summary in self.summaries():
            if summary.problem is None:
                compute(self._engine.measure, self._load(summary.name))

    def _load(self, name: str) -> Checkpoint:
        """Only one is read at a time."""
        with self._loading:
            if name not in self._loaded:
                base = self._base(name)
                self._loaded[name] = self._engine.equip(compute(_read, self._settings, name, base))
                while len(self._loaded) > _KEPT_IN_MEMORY:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def _base(self, name: str) -> Checkpoint | None:
        """What an adapter goes over, from memory where it is there already, so that one adapter after another takes no reading."""
        from ecomgen.models.checkpoint import base_hash, find_base, read_config

        folder = self._settings.checkpoint(name)
        wanted = base_hash(read_config(folder))
        if wanted is None:
            return None
        there = next((own for own, each in self._loaded.items() if each.hash == wanted), None)
        if there is None:
            found = find_base(folder, self._settings.checkpoint_folders)
            there = found.name if found and found == self._settings.checkpoint(found.name) else None
        return self._load(there) if there else None

    def _summary(self, name: str) -> ModelSummary | None:
        """None for a folder that holds no generator, such as the text encoder's."""
        from ecomgen.models.checkpoint import (
            find_base,
            is_other_network,
            known_values,
            read_config,
            weights_in,
        )
        from ecomgen.models.shape import GeneratorConfig

        folder = self._settings.checkpoint(name)
        if is_other_network(folder):
            return None
        try:
            plain = read_config(folder)
            find_base(folder, self._settings.checkpoint_folders)
            known = known_values(Schema.from_dict(plain["schema"]), plain["counts"])
            return ModelSummary(
                name=name,
                title=plain["title"],
                size=GeneratorConfig(**plain["generator"]).size,
                categories=known.get("category", ()),
                attributes=known,
                hash=plain["sha256"][:12],
                drawn_by=str(self._engine.choice(plain["sha256"][:12]) or ""),
                problem=None if weights_in(folder) else "Its weights are missing.",
            )
        except EcomgenError as error:
            return ModelSummary(name=name, problem=str(error))
        except (KeyError, TypeError, AttributeError):
            return ModelSummary(name=name, problem="Its config.json is damaged.")


def _read(settings: Settings, name: str, base: Checkpoint | None) -> Checkpoint:
    import torch

    from ecomgen.models.checkpoint import apply_adapter, load_checkpoint

    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = settings.checkpoint(name)
    return apply_adapter(folder, base) if base else load_checkpoint(folder, settings.checkpoint_folders)
