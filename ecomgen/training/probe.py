"""How much features know, without training them: nearest neighbours and a linear classifier on top."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.training.autoencoder import to_tensor

_NEIGHBOURS = 20
_TEMPERATURE = 0.07
_PASSES = 300


@torch.inference_mode()
def features_of(backbone: nn.Module, pixels: Tensor) -> Tensor:
    """Features [n, d] of photos, uint8 [n, s, s, 3]; the backbone has to be in eval mode."""
    return torch.cat([backbone(to_tensor(chunk)) for chunk in pixels.split(128)])


def nearest_neighbours(learnt: Tensor, labels: Tensor, held_out: Tensor, truth: Tensor) -> float:
    """Accuracy (0..1) of the 20 nearest by cosine, weighed by nearness (Wu et al. 2018, eq. 14)."""
    similarity = F.normalize(held_out, dim=1) @ F.normalize(learnt, dim=1).T
    nearness, rows = similarity.topk(min(_NEIGHBOURS, len(learnt)), dim=1)
    votes = torch.zeros(len(held_out), int(labels.max()) + 1)
    votes.scatter_add_(1, labels[rows], (nearness / _TEMPERATURE).exp())
    return _accuracy(votes, truth)


def linear_probe(learnt: Tensor, labels: Tensor, held_out: Tensor, truth: Tensor) -> float:
    """Accuracy (0..1) of a softmax regression on standardised features; all photos at once in each of its passes."""
    mean, deviation = learnt.mean(0), learnt.std(0).clamp(min=1e-6)
    learnt, held_out = (learnt - mean) / deviation, (held_out - mean) / deviation
    classifier = nn.Linear(learnt.shape[1], int(labels.max()) + 1)
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=0.01, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _PASSES)
    for _ in range(_PASSES):
        optimizer.zero_grad()
        F.cross_entropy(classifier(learnt), labels).backward()
        optimizer.step()
        schedule.step()
    with torch.inference_mode():
        return _accuracy(classifier(held_out), truth)


def _accuracy(scores: Tensor, truth: Tensor) -> float:
    return round(float((scores.argmax(1) == truth).float().mean()), 4)
