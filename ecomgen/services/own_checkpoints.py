"""The checkpoints that were made or brought in here: publish, rename, pack, import, delete. They lie in home/checkpoints."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

from ecomgen.data.archive import Limits, list_entries
from ecomgen.errors import CheckpointError, DataError, EcomgenError, InvalidRequest
from ecomgen.services.finetuning import MAX_TITLE, checked_name
from ecomgen.services.guard import Guard
from ecomgen.services.review_input import checked_text
from ecomgen.settings import Settings

_FILES = (
    "README.md", "adapter.safetensors", "gain.json", "metrics.json", "plan.json", "samples.webp",
    "gate.safetensors", "learnt.safetensors", "adversary.safetensors", "critic.safetensors",
)  # fmt: skip
"""What belongs to a checkpoint besides config.json and its weights."""

_MOST_CARD = 20_000  # characters
_LIMITS = Limits(entries=64, total_bytes=2**30, entry_bytes=64 * 2**20, ratio=100)


class OwnCheckpoints:
    """Each is complete or absent at any time. Raises InvalidRequest, CheckpointError, and EcomgenError when the disk is full."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._folder = settings, settings.own_checkpoints

    def names(self) -> list[str]:
        """Of all of them, in order."""
        return sorted(p.parent.name for p in self._folder.glob("[!.]*/config.json"))

    def publish(self, folder: Path, name: str, title: str = "") -> None:
        """Copy the checkpoint in `folder` among the others, from where Create can use it."""
        name = checked_name(name, self._settings)
        title = checked_text("title", title, MAX_TITLE)
        Guard(self._settings).check_note(title)
        arriving = self._begin()
        try:
            for path in _belonging(folder):
                shutil.copyfile(path, arriving / path.name)
            if title:
                _retitle(arriving, title)
            self._finish(arriving, name)
        except OSError as error:
            raise EcomgenError(f"The checkpoint cannot be kept: {error.strerror}.") from error
        finally:
            shutil.rmtree(arriving, ignore_errors=True)

    def rename(self, name: str, new: str) -> None:
        """Give it another name."""
        folder = self._own(name)
        folder.rename(self._folder / checked_name(new, self._settings))

    def delete(self, name: str) -> None:
        """Remove it for good, unless an adapter goes over it."""
        over = self._adapters_over(self._own(name))
        if over:
            raise InvalidRequest(
                f"“{over[0]}” goes over this checkpoint and cannot do without; please delete that first."
            )
        leaving = self._folder / f".{secrets.token_hex(8)}"
        self._own(name).rename(leaving)  # gone at once, whatever happens while its files are removed
        shutil.rmtree(leaving, ignore_errors=True)

    def card(self, name: str) -> str:
        """Its model card, as text that may come from anyone; empty where it has none."""
        path = self._own(name) / "README.md"
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                return file.read(_MOST_CARD)
        except OSError:
            return ""

    def pack(self, name: str, target: Path) -> None:
        """Write it as a zip, which `bring_in` reads."""
        pack_folder(self._own(name), target)

    def bring_in(self, archive: Path, name: str) -> None:
        """Read a checkpoint out of a zip that nobody vouches for: known file names only, safetensors and JSON, and it must load."""
        name = checked_name(name, self._settings)
        try:
            entries, _ = list_entries(archive, _LIMITS)
        except DataError as error:
            raise InvalidRequest("This is not a zip file that holds a checkpoint.") from error
        arriving = self._begin()
        try:
            for entry in entries:
                short = Path(entry.name).name  # a packed folder is welcome as well
                if _is_known(short):
                    (arriving / short).write_bytes(entry.read())
            from ecomgen.models.checkpoint import BaseMissing, load_checkpoint

            try:
                load_checkpoint(arriving, self._settings.checkpoint_folders)
            except BaseMissing as error:
                raise InvalidRequest(f"{error} Please bring in that one first.") from error
            self._finish(arriving, name)
        except CheckpointError as error:
            raise InvalidRequest(
                "The zip holds no checkpoint that this version of ecomgen can use."
            ) from error
        except DataError as error:
            raise InvalidRequest("The zip is damaged.") from error
        except OSError as error:
            raise EcomgenError(f"The checkpoint cannot be kept: {error.strerror}.") from error
        finally:
            shutil.rmtree(arriving, ignore_errors=True)

    def _own(self, name: str) -> Path:
        if name not in self.names():
            raise InvalidRequest("There is no checkpoint of your own with this name.")
        return self._folder / name

    def _adapters_over(self, folder: Path) -> list[str]:
        """The names of the adapters that would be without a base if the checkpoint in `folder` were gone."""
        from ecomgen.models.checkpoint import base_hash, read_config

        found: dict[str, str | None] = {}
        for name in self.names():
            with suppress(CheckpointError):  # a damaged one needs nothing
                found[name] = base_hash(read_config(self._folder / name))
        with suppress(CheckpointError):
            own = str(read_config(folder).get("sha256"))[:12]
            return [name for name, wanted in found.items() if wanted == own]
        return []

    def _begin(self) -> Path:
        """A folder that no listing shows."""
        arriving = self._folder / f".{secrets.token_hex(8)}"
        try:
            arriving.mkdir(parents=True)
        except OSError as error:
            raise EcomgenError(f"The checkpoint cannot be kept: {error.strerror}.") from error
        return arriving

    def _finish(self, arriving: Path, name: str) -> None:
        for path in arriving.iterdir():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
        folder = self._folder / name
        if not (folder / "config.json").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a stopped training of this name left
        arriving.rename(folder)


def pack_folder(folder: Path, target: Path) -> None:
    """Write the checkpoint in `folder`, published or not, as a zip. Raises InvalidRequest, EcomgenError."""
    part = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # weights do not pack
            for path in _belonging(folder):
                archive.write(path, path.name)
        os.replace(part, target)
    except OSError as error:
        raise EcomgenError(f"The checkpoint cannot be packed: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _belonging(folder: Path) -> list[Path]:
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    paths = [path for path in there if path.is_file() and _is_known(path.name)]
    if not any(path.name == "config.json" for path in paths):
        raise InvalidRequest("There is no finished checkpoint yet.")
    return paths


def _is_known(name: str) -> bool:
    return (
        name in _FILES
        or name == "config.json"
        or (name.startswith("model") and name.endswith(".safetensors"))
    )


def _retitle(folder: Path, title: str) -> None:
    path = folder / "config.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(
        json.dumps({**plain, "title": title}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
