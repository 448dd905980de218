"""Trains the bundled text encoder: tokenizer, small CLIP text model and readout, on titles and templated prompts."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from ecomgen.data.products import is_held_out, read_products
from ecomgen.errors import ConfigError
from ecomgen.models.text import Readout, TextEncoder
from ecomgen.schema import Attributes, Schema, default_schema, fold
from ecomgen.training.device import choose_compute
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.likeness import KeptVectors, WordPairs, embedding_loss
from ecomgen.training.prompts.maker import PromptMaker
from ecomgen.training.readout import Labelled, align, calibrate, measure, readout_loss, targets
from ecomgen.training.runlog import RunLog, write_metrics

_START, _END, _PAD = "<|startoftext|>", "<|endoftext|>", "<|pad|>"


@dataclass(frozen=True)
class TextConfig:
    """What `configs/text.toml` may say; sizes as in transformers' CLIPTextConfig."""

    layers: int = 3
    width: int = 256
    heads: int = 4
    max_tokens: int = 64
    vocabulary: int = 8192
    dim: int = 256
    steps: int = 4500
    minutes: float = 600.0  # a round ends after this time too, its learning rate falling accordingly
    batch: int = 64
    learning_rate: float = 1.0e-3
    resumed_rate: float = 0.4  # of the learning rate
    warm_up: int = 100
    title_share: float = 0.3
    held_out: float = 0.05
    label_smoothing: float = 0.02
    embedding_weight: float = 6.0
    vectors_of: str = (
        ""  # folder of the encoder whose vectors of the values are kept; empty: the one in the output folder
    )
    free_prompts: str = ""  # JSONL of hand-written {"prompt", "attributes"}: only measured, never trained on
    seed: int = 0

    def __post_init__(self) -> None:
        if self.width % self.heads or min(self.layers, self.steps, self.batch, self.vocabulary - 300) < 1:
            raise ConfigError(
                "The text model's width must be a multiple of its heads, its sizes and steps positive."
            )


def train_text(config: TextConfig, data: Path | None, out: Path, resume: bool) -> None:
    """Train and write the checkpoint folder `out`: model, tokenizer, readout and metrics.json.

    `data`: a product set whose titles are learned from too. `resume` is another round of `steps`, at a lower rate, on
    other prompts, from the weights in `out`; else they start at random. An earlier encoder in `out` is learned from only
    for its vectors of the values: generators were trained with them. Raises ConfigError, DataError, CheckpointError.
    """
    schema = default_schema()
    lexicon = Lexicon(schema)
    if config.free_prompts:
        read_prompts(Path(config.free_prompts))  # an unreadable file is told before the training, not after
    titles = Titles(lexicon, data, config)
    earlier = earlier_encoder(Path(config.vectors_of) if config.vectors_of else out, config.dim)
    before: dict[str, Any] = json.loads((out / "metrics.json").read_text()) if resume else {}
    rounds = before.get("training", {}).get("rounds", [])
    seed = config.seed + 10 * (len(rounds) + 1)
    torch.manual_seed(seed)
    maker = PromptMaker(schema, seed, titles.noise)
    kept = KeptVectors(earlier, schema, titles.noise, seed) if earlier else None
    if resume:
        encoder = TextEncoder.load(out).requires_grad_(True)
        if encoder.readout is None or encoder.readout.schema != schema:
            raise ConfigError(f"The text encoder in {out} was trained for another schema; train it afresh.")
        encoder.readout.temperatures.fill_(1.0)
    else:
        corpus = [*titles.texts, *(prompt for prompt, _ in maker.prompts(40_000))]
        encoder = new_encoder(config, schema, train_tokenizer(corpus, config.vocabulary, config.max_tokens))
    rate = config.learning_rate * (config.resumed_rate if resume else 1.0)
    started = time.monotonic()
    steps = _train(encoder, replace(config, learning_rate=rate, seed=seed), maker, titles, kept, out)
    seconds = time.monotonic() - started

    measured = finish_text(encoder, titles, kept, config, out)
    training = {
        "rounds": [*rounds, steps],
        "seconds": round(seconds) + before.get("training", {}).get("seconds", 0),
        "titles": len(titles.kept),
    }
    write_metrics(out, {"training": training, **measured})


def finish_text(
    encoder: TextEncoder, titles: Titles, kept: KeptVectors | None, config: TextConfig, out: Path
) -> dict[str, Any]:
    """Align, calibrate and save a trained encoder; what it measures on texts that it was not trained on."""
    assert encoder.readout is not None
    schema = encoder.readout.schema
    encoder.eval().requires_grad_(False)
    if kept is not None:
        align(encoder, kept.words, kept.vectors)
    with torch.no_grad():
        for parameter in encoder.parameters():  # as it will be loaded
            parameter.copy_(parameter.half().float())
    held_out = PromptMaker(schema, config.seed + 1, titles.noise).prompts(3000)
    calibrate(encoder, held_out[:1500] + [titles.sample() for _ in range(500 if titles.kept else 0)])
    encoder.save(out)
    saved = TextEncoder.load(out)
    measured: dict[str, Any] = {
        "encoder_hash": saved.hash(),
        "cosine_with_earlier_vectors": cosine_of_values(saved, kept.earlier) if kept else None,
        "held_out_prompts": measure(encoder, held_out[1500:]),
    }
    if titles.held_out:
        measured["held_out_titles"] = measure(encoder, titles.held_out)
    if config.free_prompts:
        measured["free_prompts"] = measure(encoder, read_prompts(Path(config.free_prompts)))
    return measured


def cosine_of_values(encoder: TextEncoder, earlier: TextEncoder) -> float:
    """Mean cosine between two encoders' vectors of the value names of the schema."""
    names = [v.name for a in default_schema() for v in a.values]
    return round(float((encoder.embed(names) * earlier.embed(names)).sum(dim=1).mean()), 4)


def read_prompts(path: Path) -> list[tuple[str, Attributes]]:
    """Hand-written prompts, one JSON object a line: {"prompt": ..., "attributes": {...}}. Raises ConfigError."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [(line["prompt"], default_schema().resolve(line["attributes"])) for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"The prompts in {path} cannot be read.") from error


class Titles:
    """Product titles with the attributes that they assert; a share is held out, and brand words never matter."""

    def __init__(self, lexicon: Lexicon, data: Path | None, config: TextConfig) -> None:
        self._random = random.Random(config.seed)
        products = read_products(data, lexicon.schema).products if data else []
        known = {
            part for a in lexicon.schema for v in a.values for word in v.words for part in fold(word).split()
        }
        self.kept: list[tuple[str, Attributes]] = []
        self.held_out: list[tuple[str, Attributes]] = []
        noise: set[str] = set()
        for product in products:
            if not product.title:
                continue
            item = (product.title, title_attributes(lexicon, product.title, product.attributes))
            noise.update(
                w for w in fold(product.title).split() if w not in known and not any(lexicon.read(w).values())
            )
            held_out = is_held_out(product.name, config.held_out)
            (self.held_out if held_out else self.kept).append(item)
        self.texts = [text for text, _ in self.kept]
        self.noise = sorted(noise)
        self._noise = noise

    def sample(self) -> tuple[str, Attributes]:
        """A random title; of the words that the schema does not know half are swapped or dropped, the brand always."""
        rng = self._random
        title, attributes = rng.choice(self.kept)
        words, leading = [], True
        for word in title.split():
            unknown = fold(word) in self._noise
            leading = leading and unknown
            if unknown and (leading or rng.random() < 0.5):
                if rng.random() < 0.6:
                    words.append(rng.choice(self.noise))
            else:
                words.append(word)
        return " ".join(words), attributes


def title_attributes(lexicon: Lexicon, title: str, row: Attributes) -> Attributes:
    """What a title itself says; the row's category and colour only decide between several that the title names."""
    result = lexicon.read(title)
    matches = lexicon.matches(title)
    for name in ("category", "colour"):
        said = [m.value for m in matches if m.attribute == name]
        if result[name] is not None and row.get(name) in said:
            result[name] = row[name]
        elif result[name] is not None and name == "category":
            result[name] = said[-1]  # English names the product last
    return result


def train_tokenizer(texts: Sequence[str], vocabulary: int, max_tokens: int) -> PreTrainedTokenizerFast:
    """A lower-casing byte-level BPE; each Chinese character is a word of its own, so that none hides in a chunk."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"[-_/]"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]|\d"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[
            _START,
            _END,
            _PAD,
        ],  # the end token must not be number 2, which transformers treats as an old bug
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A {_END}", special_tokens=[(_START, 0), (_END, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=_START, eos_token=_END, unk_token=_END, pad_token=_PAD,
        model_max_length=max_tokens,
    )  # fmt: skip


def new_encoder(config: TextConfig, schema: Schema, tokenizer: PreTrainedTokenizerFast) -> TextEncoder:
    """A text encoder with random weights."""
    clip = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=config.width, intermediate_size=4 * config.width,
            num_hidden_layers=config.layers, num_attention_heads=config.heads, projection_dim=config.dim,
            max_position_embeddings=config.max_tokens, hidden_act="gelu", bos_token_id=0, eos_token_id=1, pad_token_id=2,
        )
    )  # fmt: skip
    return TextEncoder(clip, tokenizer, Readout(schema, config.width, config.dim))


class TextBatches:
    """Endless batches of titles and prompts with the attributes that they assert; texts of similar length share one."""

    def __init__(self, maker: PromptMaker, titles: Titles, size: int, title_share: float, seed: int) -> None:
        self._maker, self._titles, self._size = maker, titles, size
        self._share = title_share if titles.kept else 0.0
        self._random = random.Random(seed)
        self._pool: list[list[tuple[str, Attributes]]] = []

    def next(self) -> list[tuple[str, Attributes]]:
        """A batch of `size` labelled texts."""
        rng = self._random
        if not self._pool:
            items = [
                self._titles.sample() if rng.random() < self._share else self._maker.prompt()
                for _ in range(16 * self._size)
            ]
            items.sort(key=lambda item: len(item[0].encode()))
            self._pool = [items[i : i + self._size] for i in range(0, len(items), self._size)]
            rng.shuffle(self._pool)
        return self._pool.pop()


def reading_loss(encoder: TextEncoder, items: Labelled, smoothing: float, rng: random.Random) -> Tensor:
    """How badly the encoder reads labelled texts; half the time in other pieces (BPE dropout, Provilkov et al. 2020), as typos
    would show them."""
    assert encoder.readout is not None
    bpe = encoder.tokenizer.backend_tokenizer.model
    bpe.dropout = 0.1 if rng.random() < 0.5 else None
    ids, mask = encoder.tokens([text for text, _ in items])
    bpe.dropout = None
    states, pooled = encoder.states(ids, mask)
    wanted = targets(encoder.readout.schema, items).to(ids.device)
    return readout_loss(encoder.readout(states, mask, pooled), wanted, smoothing)


def _train(
    encoder: TextEncoder,
    config: TextConfig,
    maker: PromptMaker,
    titles: Titles,
    kept: KeptVectors | None,
    out: Path,
) -> int:
    """Train the encoder; the number of steps that were taken."""
    assert encoder.readout is not None
    pairs = WordPairs(encoder.readout.schema, titles.noise, config.seed)
    rng = random.Random(config.seed)
    optimiser = torch.optim.AdamW(
        encoder.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True
    )
    compute = choose_compute()
    encoder.to(compute.device)
    log = RunLog(out / "log.jsonl")
    batches = TextBatches(maker, titles, config.batch, config.title_share, config.seed)
    encoder.train()
    near = torch.zeros(())
    started, step, done = time.monotonic(), 0, 0.0
    for step in range(config.steps):
        done = max(step / config.steps, (time.monotonic() - started) / (60 * config.minutes))
        if done >= 1:
            break
        left = 0.5 * (1 + math.cos(math.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * min(1.0, (step + 1) / config.warm_up) * max(left, 0.01)
        with compute.autocast():
            loss = total = reading_loss(encoder, batches.next(), config.label_smoothing, rng)
            if step % 8 == 0:
                near = kept.loss(encoder) if kept else embedding_loss(encoder, *pairs.sample())
                total = loss + config.embedding_weight * near
        total.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if step % 50 == 0:
            log.write(step=step, loss=loss.item(), embedding_loss=near.item())
        if step % 300 == 299:
            encoder.save(out)
    encoder.cpu()
    return step + (done < 1)


def earlier_encoder(folder: Path, dim: int) -> TextEncoder | None:
    """The encoder that is in `folder` already, if its vectors have this length."""
    if not (folder / "readout.json").is_file():
        return None
    encoder = TextEncoder.load(folder)
    return encoder if encoder.dim == dim else None
