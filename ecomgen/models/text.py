"""Texts in, vectors and attributes out: a CLIP text model from transformers with a readout on its hidden states.

Of the usual kind (`CLIPTextModel`, also inside a whole CLIP model) or Chinese CLIP's, which is built like BERT.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoTokenizer,
    ChineseCLIPModel,
    ChineseCLIPTextModel,
    CLIPTextModel,
    PreTrainedModel,
)
from transformers.utils import logging as transformers_logging

from ecomgen.errors import CheckpointError, ConfigError
from ecomgen.schema import Schema

_KINDS: dict[str, tuple[type[PreTrainedModel], dict[str, bool]]] = {
    "clip": (CLIPTextModel, {}),
    "clip_text_model": (CLIPTextModel, {}),
    "chinese_clip": (ChineseCLIPModel, {}),  # its text model alone cannot be read from the files of the whole
    "chinese_clip_text_model": (ChineseCLIPTextModel, {"add_pooling_layer": False}),
}
"""By the `model_type` of a config.json: the class that reads the files, and how."""
_READOUT = ("readout.json", "readout.safetensors")


class Readout(nn.Module):
    """Reads attributes from token states: for each one an attention pooling and a softmax over [unspecified, *values].

    Also projects the pooled state to the vectors that condition the generator (`embed`), and to those that are near the
    photos that a text describes (`describe`). `temperatures` calibrate the confidence.
    """

    temperatures: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, schema: Schema, width: int, dim: int = 256) -> None:
        super().__init__()
        self.schema = schema
        self.dim = dim
        self.projection = nn.Linear(width, dim)
        self.joint = nn.Linear(width, dim, bias=False)
        self.queries = nn.Parameter(torch.randn(len(schema.names), width) * width**-0.5)
        self.heads = nn.ModuleList(nn.Linear(2 * width, 1 + len(a.values)) for a in schema)
        self.register_buffer("temperatures", torch.ones(len(schema.names)))
        # Standardises the states of a text model that was trained elsewhere: a few of its channels dwarf the others.
        self.register_buffer("shift", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def forward(self, states: Tensor, mask: Tensor, pooled: Tensor) -> list[Tensor]:
        """states [n, tokens, width], mask [n, tokens], pooled [n, width] -> per attribute logits [n, 1 + values]."""
        states, pooled = self.standard(states), self.standard(pooled)
        scores = torch.einsum("aw,ntw->nat", self.queries, states)
        weights = scores.masked_fill(mask[:, None, :] == 0, -torch.inf).softmax(dim=-1)
        looked_at = torch.einsum("nat,ntw->naw", weights, states)
        return [head(torch.cat([looked_at[:, i], pooled], dim=-1)) for i, head in enumerate(self.heads)]

    def standard(self, states: Tensor) -> Tensor:
        """States of the text model [..., width] -> the same with each channel about 0 and of size 1."""
        return (states - self.shift) * self.scale

    def embed(self, pooled: Tensor) -> Tensor:
        """pooled [n, width] -> L2-normalised [n, dim]."""
        return F.normalize(self.projection(self.standard(pooled)), dim=-1)

    def describe(self, pooled: Tensor) -> Tensor:
        """pooled [n, width] -> L2-normalised [n, dim] in the space that photos are described in (`Recogniser.describe`)."""
        return F.normalize(self.joint(self.standard(pooled)), dim=-1)

    def save(self, folder: Path) -> None:
        """Write readout.json (schema, sizes) and readout.safetensors (fp16)."""
        folder.mkdir(parents=True, exist_ok=True)
        plain = {"width": self.projection.in_features, "dim": self.dim, "schema": self.schema.to_dict()}
        (folder / _READOUT[0]).write_text(json.dumps(plain, ensure_ascii=False, indent=1), encoding="utf-8")
        save_file(_half(self), folder / _READOUT[1])

    @classmethod
    def load(cls, folder: Path) -> Readout:
        """Read what `save` wrote; raises CheckpointError."""
        try:
            plain = json.loads((folder / _READOUT[0]).read_text(encoding="utf-8"))
            readout = cls(Schema.from_dict(plain["schema"]), int(plain["width"]), int(plain["dim"]))
            readout.load_state_dict(load_file(folder / _READOUT[1]))
        except (
            OSError,
            ConfigError,
            ValueError,
            KeyError,
            TypeError,
            RuntimeError,
            SafetensorError,
        ) as error:
            raise CheckpointError(f"The readout in {folder} is missing or damaged.") from error
        return readout.float().eval()


class TextEncoder(nn.Module):
    """A CLIP text model, its tokenizer, and (once fitted) the readout; float32 on the CPU."""

    def __init__(
        self, clip: CLIPTextModel | ChineseCLIPTextModel, tokenizer: Any, readout: Readout | None = None
    ) -> None:
        super().__init__()
        self.clip = clip
        self.tokenizer = tokenizer
        self.readout = readout
        self.max_tokens = int(clip.config.max_position_embeddings)

    @property
    def width(self) -> int:
        """Width of the hidden states."""
        return int(self.clip.config.hidden_size)

    @property
    def dim(self) -> int:
        """Length of the vectors that `embed` makes."""
        return self.readout.dim if self.readout else self.width

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids and mask, each [n, tokens]; what is beyond `max_tokens` is cut."""
        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        )
        return batch["input_ids"].to(self.clip.device), batch["attention_mask"].to(self.clip.device)

    def states(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Token states [n, tokens, width] and the pooled state [n, width]: that of the end token, in Chinese CLIP of the first."""
        output = self.clip(input_ids=ids, attention_mask=mask)
        pooled = output.pooler_output
        return output.last_hidden_state, output.last_hidden_state[:, 0] if pooled is None else pooled

    @torch.inference_mode()
    def embed(self, texts: Sequence[str]) -> Tensor:
        """L2-normalised vectors [n, dim], float32; one text at a time, so that none depends on its neighbours."""
        rows = []
        for text in texts:
            _, pooled = self.states(*self.tokens([text]))
            rows.append(self.readout.embed(pooled) if self.readout else F.normalize(pooled, dim=-1))
        return torch.cat(rows).clone() if rows else torch.zeros(0, self.dim)

    @torch.inference_mode()
    def describe(self, texts: Sequence[str]) -> Tensor:
        """L2-normalised vectors [n, dim] to be compared with `Recogniser.describe` of photos. CheckpointError without readout."""
        if self.readout is None:
            raise CheckpointError("This text encoder has no readout yet.")
        rows = [self.readout.describe(self.states(*self.tokens([text]))[1]) for text in texts]
        return torch.cat(rows).clone() if rows else torch.zeros(0, self.dim)

    @torch.inference_mode()
    def read(self, text: str) -> list[Tensor]:
        """Per attribute the probabilities of [unspecified, *values].

        A text longer than the model reads at once is read in overlapping pieces; the piece that says most counts.
        """
        if self.readout is None:
            raise CheckpointError("This text encoder has no readout yet.")
        batch = self.tokenizer(
            [text], padding=True, truncation=True, max_length=self.max_tokens, stride=min(16, self.max_tokens // 4),
            return_overflowing_tokens=True, return_tensors="pt",
        )  # fmt: skip
        ids, mask = batch["input_ids"], batch["attention_mask"]
        states, pooled = self.states(ids, mask)
        result = []
        for logits, temperature in zip(
            self.readout(states, mask, pooled), self.readout.temperatures, strict=True
        ):
            probabilities = (logits / temperature).softmax(dim=-1)
            result.append(probabilities[probabilities[:, 0].argmin()])
        return result

    def hash(self) -> str:
        """16 hex digits that change with any weight of the model or of the readout."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write the model (fp16 safetensors), the tokenizer and the readout; transformers can load the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.clip.config.dtype = "float16"
        self.clip.config.save_pretrained(folder)
        save_file(_half(self.clip), folder / "model.safetensors", metadata={"format": "pt"})
        self.tokenizer.save_pretrained(folder)
        if self.readout is not None:
            self.readout.save(folder)

    @classmethod
    def load(cls, source: str | Path) -> TextEncoder:
        """A folder or a hub name of any CLIP (text) model; the readout comes along where the folder has one.

        Raises CheckpointError with one sentence when it cannot be had or is no CLIP text model.
        """
        name = str(source)
        with _quiet():
            clip, tokenizer = _load_clip(name)
        folder = Path(name)
        readout = Readout.load(folder) if (folder / _READOUT[0]).is_file() else None
        if readout is not None and readout.projection.in_features != clip.config.hidden_size:
            raise CheckpointError(f"The readout in {folder} belongs to another text model.")
        encoder = cls(clip, tokenizer, readout).float().eval()
        return encoder.requires_grad_(False)


def _load_clip(name: str) -> tuple[CLIPTextModel | ChineseCLIPTextModel, Any]:
    try:
        config = AutoConfig.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"The text model “{name}” cannot be found here or downloaded from the hub."
        ) from error
    if config.model_type not in _KINDS:
        raise CheckpointError(f"“{name}” is a {config.model_type} model; a CLIP text model is needed.")
    kind, options = _KINDS[config.model_type]
    try:
        clip, report = kind.from_pretrained(name, dtype=torch.float32, output_loading_info=True, **options)
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (
        Exception
    ) as error:  # transformers, safetensors and tokenizers raise whatever they like on damaged files
        raise CheckpointError(f"The files of the text model “{name}” are incomplete or damaged.") from error
    if report["missing_keys"] or report.get("mismatched_keys"):
        raise CheckpointError(f"“{name}” does not hold all weights of a CLIP text model.")
    if not getattr(tokenizer, "is_fast", False):
        raise CheckpointError(
            f"The tokenizer of “{name}” is not of the fast kind (tokenizer.json), which is needed."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return clip.text_model if isinstance(clip, ChineseCLIPModel) else clip, tokenizer


def _half(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().half().contiguous() for name, tensor in module.state_dict().items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and load reports on the terminal: every problem becomes an error of ours."""
    hub = logging.getLogger("huggingface_hub")
    level, hub_level = transformers_logging.get_verbosity(), hub.level
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        hub.setLevel(hub_level)
