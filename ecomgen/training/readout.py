"""Fits, calibrates and measures the readout of a text encoder; also for a frozen CLIP model from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ecomgen.models.text import Readout, TextEncoder
from ecomgen.schema import Attributes, Schema
from ecomgen.training.prompts.maker import PromptMaker

Labelled = Sequence[tuple[str, Attributes]]
"""Texts with the attributes that they assert."""


def targets(schema: Schema, items: Labelled) -> Tensor:
    """Class numbers [n, attributes]: 0 is unspecified, 1.. are the values in the schema's order."""
    tables = {a.name: {v.name: i + 1 for i, v in enumerate(a.values)} for a in schema}
    return torch.tensor(
        [[tables[name].get(chosen.get(name) or "", 0) for name in tables] for _, chosen in items]
    )


def readout_loss(logits: Sequence[Tensor], wanted: Tensor, smoothing: float = 0.0) -> Tensor:
    """Sum over attributes of the cross-entropy (Szegedy et al. 2016 for the label smoothing)."""
    losses = [
        F.cross_entropy(x.float(), wanted[:, i], label_smoothing=smoothing) for i, x in enumerate(logits)
    ]
    return torch.stack(losses).sum()


def batches(
    encoder: TextEncoder, texts: Sequence[str], size: int = 64
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Row numbers, token ids and masks, texts of similar length together: padding costs time."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i].encode()))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield torch.tensor(rows), *encoder.tokens([texts[i] for i in rows])


@torch.inference_mode()
def all_logits(encoder: TextEncoder, texts: Sequence[str]) -> list[Tensor]:
    """Per attribute the logits [n, 1 + values] of all texts."""
    assert encoder.readout is not None
    result = [torch.zeros(len(texts), 1 + len(a.values)) for a in encoder.readout.schema]
    for rows, ids, mask in batches(encoder, texts):
        states, pooled = encoder.states(ids, mask)
        for part, logits in zip(result, encoder.readout(states, mask, pooled), strict=True):
            part[rows] = logits
    return result


@torch.inference_mode()
def all_pooled(encoder: TextEncoder, texts: Sequence[str]) -> Tensor:
    """The pooled states [n, width] of all texts."""
    result = torch.zeros(len(texts), encoder.width)
    for rows, ids, mask in batches(encoder, texts):
        result[rows] = encoder.states(ids, mask)[1]
    return result


def calibrate(encoder: TextEncoder, items: Labelled) -> None:
    """Set the temperatures that make the confidence honest on texts not trained on."""
    assert encoder.readout is not None
    logits = all_logits(encoder, [text for text, _ in items])
    encoder.readout.temperatures.copy_(honest_temperatures(logits, targets(encoder.readout.schema, items)))


def honest_temperatures(logits: Sequence[Tensor], wanted: Tensor) -> Tensor:
    """What to divide each attribute's logits [n, 1 + values] by, so that confidences are as often right as they say
    (Guo et al. 2017). wanted [n, attributes] -> [attributes]."""
    grid = torch.logspace(-0.5, 0.7, 40)
    losses = [[F.cross_entropy(x / t, wanted[:, i]) for t in grid] for i, x in enumerate(logits)]
    return grid[torch.tensor(losses).argmin(dim=1)]


def measure(encoder: TextEncoder, items: Labelled) -> dict[str, dict[str, float | None]]:
    """Per attribute: `accuracy` where a value is asserted, `false_assertions` where none is (shares, 0..1), `asserted` (count).

    A share of nothing is None.
    """
    assert encoder.readout is not None
    schema = encoder.readout.schema
    wanted = targets(schema, items)
    result: dict[str, dict[str, float | None]] = {}
    for i, logits in enumerate(all_logits(encoder, [text for text, _ in items])):
        got, want = logits.argmax(dim=-1), wanted[:, i]
        said = want > 0
        result[schema.names[i]] = {
            "accuracy": _share((got == want)[said]),
            "false_assertions": _share((got > 0)[~said]),
            "asserted": int(said.sum()),
        }
    return result


def _share(hits: Tensor) -> float | None:
    return round(hits.float().mean().item(), 4) if len(hits) else None


def fit_readout(
    encoder: TextEncoder,
    schema: Schema,
    teacher: TextEncoder | None = None,
    prompts: int = 0,
    steps: int = 800,
    seed: int = 0,
) -> Readout:
    """Fit a readout for the frozen `encoder` on templated prompts (0: as many as take well under a minute), and put it there.

    Its vectors, those for generators and those for photos, are aligned (ridge regression) with those of the `teacher`,
    the encoder that generators and recognisers were trained with, so that these understand both.
    """
    generator = torch.Generator().manual_seed(seed)
    items = PromptMaker(schema, seed).prompts(prompts or _affordable(encoder))
    unseen = len(items) // 10  # for the temperatures
    dim = teacher.dim if teacher else encoder.width
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        readout = Readout(schema, encoder.width, dim)
    texts = [text for text, _ in items]
    with torch.no_grad():
        parts, last = (
            [(rows, mask, *encoder.states(ids, mask)) for rows, ids, mask in batches(encoder, some)]
            for some in (texts[unseen:], texts[:unseen])
        )
        seen = torch.cat([states[mask.bool()] for _, mask, states, _ in parts])
        readout.shift.copy_(seen.mean(dim=0))
        readout.scale.copy_(1 / seen.std(dim=0).clamp_min(1e-4))
    wanted = targets(schema, items[unseen:])
    optimiser = torch.optim.AdamW(readout.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    for _ in range(steps):
        rows, mask, states, pooled = parts[int(torch.randint(len(parts), (), generator=generator))]
        loss = readout_loss(readout(states, mask, pooled), wanted[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    encoder.readout = readout.eval().requires_grad_(False)
    rows = torch.cat([rows for rows, *_ in last])
    logits = [readout(states, mask, pooled) for _, mask, states, pooled in last]
    readout.temperatures.copy_(
        honest_temperatures(
            [torch.cat(part) for part in zip(*logits, strict=True)], targets(schema, [items[i] for i in rows])
        )
    )
    if teacher is not None:
        words = [word for a in schema for v in a.values for word in (*v.words[:2], *v.en[:2], *v.cn[:2])]
        align(encoder, words, teacher.embed(words))
        rows, pooled = (
            torch.cat(part) for part in zip(*((rows, pooled) for rows, _, _, pooled in parts), strict=True)
        )
        align_joint(encoder, pooled, described(teacher, texts[unseen:])[rows])
    return readout


def _affordable(encoder: TextEncoder) -> int:
    """How many prompts can be encoded in about half a minute on two cores: fewer, the larger the text model."""
    weights = sum(p.numel() for name, p in encoder.clip.named_parameters() if "embedding" not in name)
    return max(1200, min(6000, round(8e10 / weights)))


@torch.inference_mode()
def align(encoder: TextEncoder, words: Sequence[str], vectors: Tensor, penalty: float = 0.1) -> None:
    """Make what the encoder's `embed` says of `words` these `vectors` [n, dim], as nearly as a linear map can (ridge regression)."""
    readout = encoder.readout
    assert readout is not None
    inputs = readout.standard(all_pooled(encoder, words))
    solution = _ridge(torch.cat([inputs, torch.ones(len(words), 1)], dim=1), vectors, penalty)
    readout.projection.weight.copy_(solution[:-1].T)
    readout.projection.bias.copy_(solution[-1])


@torch.inference_mode()
def align_joint(encoder: TextEncoder, pooled: Tensor, vectors: Tensor, penalty: float = 0.1) -> None:
    """Make what the encoder's `describe` says of texts with these `pooled` states [n, width] these `vectors` [n, dim], likewise."""
    assert encoder.readout is not None
    encoder.readout.joint.weight.copy_(_ridge(encoder.readout.standard(pooled), vectors, penalty).T)


def described(encoder: TextEncoder, texts: Sequence[str]) -> Tensor:
    """`TextEncoder.describe` for many texts at once, [n, dim]."""
    assert encoder.readout is not None
    return encoder.readout.describe(all_pooled(encoder, texts))


def _ridge(inputs: Tensor, wanted: Tensor, penalty: float) -> Tensor:
    """inputs [n, width], wanted [n, dim] -> the matrix [width, dim] that maps one to the other."""
    inputs = inputs.double()
    square = inputs.T @ inputs + penalty * torch.eye(inputs.shape[1], dtype=torch.float64)
    return torch.linalg.solve(square, inputs.T @ wanted.double()).float()
