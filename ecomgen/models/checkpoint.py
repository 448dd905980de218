"""Checkpoints on disk: `config.json` (architecture, schema, checksum) beside the weights (fp16 safetensors). No pickle.

The weights are in `model.safetensors`, or in shards `model-00001-of-00003.safetensors`... that git hosts take. A checkpoint that is
an adapter over another one has only `adapter.safetensors`, and its config.json says which base it needs.

save_checkpoint(folder, Checkpoint(...))      complete or absent, never half
save_adapter(folder, Checkpoint(...), base, tensors)
load_checkpoint(folder) -> Checkpoint         CheckpointError, one sentence, when it is missing or damaged
apply_adapter(folder, base) -> Checkpoint     the same for an adapter whose base is in memory
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ecomgen.errors import CheckpointError
from ecomgen.models.adapter import merge
from ecomgen.models.condition import Vocabulary
from ecomgen.models.encoder import Encoder, EncoderConfig
from ecomgen.models.registry import GENERATORS
from ecomgen.models.stylegan import Generator
from ecomgen.schema import Schema
from ecomgen.settings import bundled

FORMAT = 1
CONFIG = "config.json"
ADAPTER = "adapter.safetensors"
_SHARD_BYTES = 16_000_000


class BaseMissing(CheckpointError):
    """An adapter without the checkpoint that it goes over."""


@dataclass
class Checkpoint:
    """A generator that can be used: networks in eval mode, and the schema of what it has learnt.

    `counts[attribute][value]` says how many training photos showed a value. `encoder` turns a photo into w.
    `draw` stands for the synthesis network where something draws faster than it on this machine.
    """

    name: str
    title: str
    architecture: str
    generator: Generator
    vocabulary: Vocabulary
    encoder: Encoder
    schema: Schema
    counts: dict[str, dict[str, int]]
    text_encoder: str
    hash: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    draw: Callable[[Tensor], Tensor] | None = None


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> str:
    """Write the checkpoint; other files in `folder` (model card, samples, training state) stay. Returns its hash.

    The weights come first and config.json with their checksum last, each by a rename: what a kill leaves behind is
    the old checkpoint, the new one, or a pair whose checksum tells that it is neither.
    """
    tensors = _tensors(checkpoint)
    pattern = "model{suffix}.safetensors"
    shards = split_torch_state_dict_into_shards(
        tensors, filename_pattern=pattern, max_shard_size=_SHARD_BYTES
    )
    files = {name: {key: tensors[key] for key in keys} for name, keys in shards.filename_to_tensors.items()}
    return _save(folder, checkpoint, files)


def save_adapter(folder: Path, checkpoint: Checkpoint, base: Checkpoint, tensors: dict[str, Tensor]) -> str:
    """Write a checkpoint as an adapter over `base`, as `save_checkpoint` does; `tensors` are what models/adapter.py merges."""
    words = {f"vocabulary.{name}": tensor for name, tensor in checkpoint.vocabulary.state_dict().items()}
    halves = {name: tensor.half().cpu().contiguous() for name, tensor in (tensors | words).items()}
    needs = {"base": base.name, "base_hash": base.hash}
    return _save(folder, checkpoint, {ADAPTER: halves}, {"adapter": needs})


def _save(
    folder: Path,
    checkpoint: Checkpoint,
    files: dict[str, dict[str, Tensor]],
    more: dict[str, Any] | None = None,
) -> str:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, tensors in files.items():
        save_file(tensors, temporary / name)
    plain = {
        "format": FORMAT,
        "title": checkpoint.title,
        "architecture": checkpoint.architecture,
        "generator": dataclasses.asdict(checkpoint.generator.config),
        "encoder": dataclasses.asdict(checkpoint.encoder.config),
        "text_encoder": checkpoint.text_encoder,
        "input": {"range": [-1, 1], "layout": "RGB, square, product on its own border colour"},
        "counts": checkpoint.counts,
        "training": checkpoint.training,
        "schema": checkpoint.schema.to_dict(),
        "sha256": _digest(weights_in(temporary)),
        **(more or {}),
    }
    (temporary / CONFIG).write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    names = [*(path.name for path in weights_in(temporary)), CONFIG]
    for name in names:
        with (temporary / name).open("rb") as handle:
            os.fsync(handle.fileno())
    folder.mkdir(exist_ok=True)
    for path in weights_in(folder):
        if path.name not in names:
            path.unlink()
    for name in names:
        os.replace(temporary / name, folder / name)
    temporary.rmdir()
    return str(plain["sha256"])[:12]


def weights_in(folder: Path) -> list[Path]:
    """The files that hold a checkpoint's weights, in order; empty where there are none."""
    return sorted([*folder.glob("model*.safetensors"), *folder.glob(ADAPTER)])


def _modules(generator: nn.Module, vocabulary: nn.Module, encoder: nn.Module) -> dict[str, nn.Module]:
    return {"generator": generator, "vocabulary": vocabulary, "encoder": encoder}


def _tensors(checkpoint: Checkpoint) -> dict[str, Tensor]:
    modules = _modules(checkpoint.generator, checkpoint.vocabulary, checkpoint.encoder)
    return {
        f"{part}.{name}": (tensor.half() if tensor.is_floating_point() else tensor).contiguous().clone()
        for part, module in modules.items()
        for name, tensor in module.state_dict().items()
    }


def load_checkpoint(folder: Path, places: Iterable[Path] = ()) -> Checkpoint:
    """Read a checkpoint into float32 networks in eval mode. Raises CheckpointError with one sentence.

    An adapter's base is looked for in the folders `places`, beside the adapter, and among the bundled checkpoints.
    """
    base = find_base(folder, places)
    return apply_adapter(folder, _load_whole(base)) if base else _load_whole(folder)


def _load_whole(folder: Path) -> Checkpoint:
    name = folder.name
    plain = read_config(folder)
    try:
        tensors = _read_weights(folder, plain)
        config_class, generator_class = GENERATORS[plain["architecture"]]
        generator = generator_class(_config(config_class, plain["generator"]))
        encoder = Encoder(_config(EncoderConfig, plain["encoder"]))
        schema, counts = Schema.from_dict(plain["schema"]), plain["counts"]
        vocabulary = Vocabulary(known_values(schema, counts), plain["generator"]["text_dim"])
        for part, module in _modules(generator, vocabulary, encoder).items():
            own = {
                k.removeprefix(f"{part}."): v.float() for k, v in tensors.items() if k.startswith(f"{part}.")
            }
            module.load_state_dict(own)
            module.eval().requires_grad_(False)
        assert isinstance(generator, Generator)
        generator.synthesis.to(memory_format=torch.channels_last)
        return Checkpoint(
            name=name,
            title=plain["title"],
            architecture=plain["architecture"],
            generator=generator,
            vocabulary=vocabulary,
            encoder=encoder,
            schema=schema,
            counts=counts,
            text_encoder=plain["text_encoder"],
            hash=plain["sha256"][:12],
            training=plain["training"],
        )
    except CheckpointError:
        raise
    except Exception as error:  # safetensors, torch and a hand-edited config.json raise many kinds
        raise _damaged(name) from error


def apply_adapter(folder: Path, base: Checkpoint) -> Checkpoint:
    """The checkpoint that the adapter in `folder` makes of its base, which stays as it is. Raises CheckpointError."""
    name = folder.name
    plain = read_config(folder)
    try:
        if base_hash(plain) != base.hash:
            raise CheckpointError(
                f"The checkpoint “{name}” is an adapter over another base than “{base.name}”."
            )
        if _config(type(base.generator.config), plain["generator"]) != base.generator.config:
            raise ValueError("The adapter is for networks of another shape.")
        tensors = _read_weights(folder, plain)
        generator, encoder = merge(base.generator, base.encoder, tensors)
        schema, counts = Schema.from_dict(plain["schema"]), plain["counts"]
        vocabulary = Vocabulary(known_values(schema, counts), generator.config.text_dim)
        vocabulary.load_state_dict(
            {
                k.removeprefix("vocabulary."): v.float()
                for k, v in tensors.items()
                if k.startswith("vocabulary.")
            }
        )
        return dataclasses.replace(
            base,
            name=name,
            title=str(plain["title"]),
            generator=generator,
            vocabulary=vocabulary.eval(),
            encoder=encoder,
            schema=schema,
            counts=counts,
            hash=plain["sha256"][:12],
            training=plain["training"],
            draw=None,
        )
    except CheckpointError:
        raise
    except Exception as error:  # as above
        raise _damaged(name) from error


def base_hash(plain: dict[str, Any]) -> str | None:
    """The hash of the base that an adapter with this config.json goes over; None for a whole checkpoint."""
    if "adapter" not in plain:
        return None
    needs = plain["adapter"]
    return str(needs.get("base_hash")) if isinstance(needs, dict) else ""


def find_base(folder: Path, places: Iterable[Path] = ()) -> Path | None:
    """The folder of the base that the adapter in `folder` goes over, whatever its name is by now; None for a whole checkpoint.

    Raises CheckpointError.
    """
    plain = read_config(folder)
    wanted = base_hash(plain)
    if wanted is None:
        return None
    for place in dict.fromkeys([*places, folder.parent, bundled("checkpoints")]):
        for config in sorted(place.glob(f"[!.]*/{CONFIG}")):
            try:
                found = read_config(config.parent)
            except CheckpointError:
                continue  # not a generator, or damaged
            if base_hash(found) is None and str(found.get("sha256"))[:12] == wanted:
                return config.parent
    name = str(plain["adapter"].get("base", "")) if wanted else ""
    shown = "".join(letter for letter in name[:48] if letter.isprintable())
    raise BaseMissing(
        f"This adapter goes over the checkpoint “{shown}”, which is not here, or not as it was."
    )


def _read_weights(folder: Path, plain: dict[str, Any]) -> dict[str, Tensor]:
    files = weights_in(folder)
    if not files or (ADAPTER in {file.name for file in files}) != ("adapter" in plain):
        raise CheckpointError(f"The checkpoint “{folder.name}” has no weights.")
    if _digest(files) != plain["sha256"]:
        raise CheckpointError(
            f"The checkpoint “{folder.name}” is damaged: its weights do not match their checksum."
        )
    return {key: tensor for file in files for key, tensor in load_file(file).items()}


def _damaged(name: str) -> CheckpointError:
    return CheckpointError(f"The checkpoint “{name}” is damaged or not of this version of ecomgen.")


def read_config(folder: Path) -> dict[str, Any]:
    """A checkpoint's config.json, without its weights. Raises CheckpointError when it is missing or damaged."""
    try:
        plain = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint “{folder.name}” in {folder.parent}.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"The checkpoint “{folder.name}” is damaged: its config.json is not readable."
        ) from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT or "architecture" not in plain:
        raise CheckpointError(f"“{folder.name}” is not a generator checkpoint of this version of ecomgen.")
    return plain


def is_other_network(folder: Path) -> bool:
    """Whether config.json says that the folder holds no generator: a text encoder, a backbone or a recogniser."""
    try:
        plain = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and ("kind" in plain or "model_type" in plain)


def known_values(schema: Schema, counts: dict[str, dict[str, int]]) -> dict[str, tuple[str, ...]]:
    """Attribute -> the values with training photos, in the schema's order; attributes without any are left out."""
    known = {
        a.name: tuple(v.name for v in a.values if counts.get(a.name, {}).get(v.name, 0) > 0) for a in schema
    }
    return {name: values for name, values in known.items() if values}


def _config(cls: Any, plain: dict[str, Any]) -> Any:
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()})


def _digest(files: list[Path]) -> str:
    """Of the contents of all files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
