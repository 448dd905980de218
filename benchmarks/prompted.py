"""Does the picture show what was asked? Judged by a classifier that the generator never met.

    python benchmarks/prompted.py [--model default] [--data ../shared/data/fashion-80.zip] [--quick] [--write]

A small network learns category and colour from the real photos that the generator learnt from, and is asked about
(a) real photos held out from both: its ceiling, and (b) pictures generated for the held-out photos' attributes.
`diversity` is the mean distance between pictures of one condition over that between real photos of it, in the
judge's features. The last line is one JSON object; --write puts it into the checkpoint's metrics.json.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ecomgen.models.checkpoint import Checkpoint, load_checkpoint
from ecomgen.models.layers import ResidualDown, ScaledConv, ScaledLinear, activate
from ecomgen.settings import Settings, bundled
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.config import load_config
from ecomgen.training.device import choose_compute
from ecomgen.training.generator import GeneratorTraining, read_photos
from ecomgen.training.loop import batch_indices, falling, scaled_adam, seed_step, set_rate

ASKED = ("category", "colour")


class Judge(nn.Module):
    """Photo [n, 3, 64, 64] in [-1, 1] -> features [n, 256]; one linear head an attribute."""

    def __init__(self, classes: dict[str, int]) -> None:
        super().__init__()
        self.enter = ScaledConv(12, 48, 3, padding=1)
        self.blocks = nn.Sequential(ResidualDown(48, 96), ResidualDown(96, 160), ResidualDown(160, 256))
        self.heads = nn.ModuleDict({name: ScaledLinear(256, n) for name, n in classes.items()})

    def forward(self, x: Tensor) -> Tensor:
        x = F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        return activate(self.blocks(self.enter(x))).mean((2, 3)).float()


def labels(products: list, values: dict[str, list[str]]) -> dict[str, Tensor]:
    """Class index of each product for each attribute asked, -1 where it has none that the checkpoint knows."""
    index = {name: {v: i for i, v in enumerate(values[name])} for name in ASKED}
    return {n: torch.tensor([index[n].get(p.attributes.get(n), -1) for p in products]) for n in ASKED}


def train_judge(photos: Tensor, truth: dict[str, Tensor], values: dict[str, list[str]], images: int) -> Judge:
    """Cross-entropy on both attributes, photos shifted by up to 4 px; seeds of its own."""
    seed_step(4242, 0)
    compute = choose_compute()
    judge = Judge({name: len(values[name]) for name in ASKED}).to(memory_format=torch.channels_last)
    optimizer = scaled_adam([judge], 2e-3, (0.9, 0.99))
    batch, steps = 64, max(images // 64, 1)
    for step in range(steps):
        set_rate(optimizer, 2e-3 * falling(step / steps, floor=0.01))
        rows = batch_indices(len(photos), batch, step, seed=4242)
        x = F.pad(to_tensor(photos[rows]), (4, 4, 4, 4), value=1.0)
        dy, dx = torch.randint(9, (2,)).tolist()
        x = x[..., dy : dy + 64, dx : dx + 64]
        with compute.autocast():
            features = judge(x)
        loss = sum(
            F.cross_entropy(judge.heads[n](features), truth[n][rows], ignore_index=-1, label_smoothing=0.05)
            for n in ASKED
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"judge {step}/{steps} loss {float(loss.detach()):.3f}", flush=True)
    return judge.eval()


@torch.inference_mode()
def features_of(judge: Judge, pictures: Tensor) -> Tensor:
    return torch.cat([judge(chunk) for chunk in pictures.split(128)])


@torch.inference_mode()
def generate(checkpoint: Checkpoint, attributes: list[dict], psi: float, seed: int) -> Tensor:
    generator, pictures = checkpoint.generator, []
    noise = torch.Generator().manual_seed(seed)
    for start in range(0, len(attributes), 64):
        asked = attributes[start : start + 64]
        schedule = generator.schedule(*checkpoint.vocabulary.lookup(asked))
        z = torch.randn(len(asked), generator.config.w_dim, generator=noise)
        shown = (
            generator(z, schedule, psi).clamp(-1, 1).add(1).mul(127.5).round().div(127.5).sub(1)
        )  # as the file has it
        pictures.append(shown)
    return torch.cat(pictures)


def accuracy(judge: Judge, features: Tensor, truth: dict[str, Tensor]) -> dict[str, float]:
    result = {}
    for name in ASKED:
        known = truth[name] >= 0
        right = judge.heads[name](features).argmax(1)[known] == truth[name][known]
        result[name] = round(float(right.float().mean()), 4)
    return result


def spread(features: Tensor, groups: dict[tuple, list[int]]) -> float:
    """Mean pairwise distance within groups of at least 4."""
    distances = [torch.pdist(features[rows]).mean() for rows in groups.values() if len(rows) >= 4]
    return float(torch.stack(distances).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fashion-80.zip"))
    parser.add_argument("--config", type=Path, default=bundled("configs") / "generator-64.toml")
    parser.add_argument("--psi", type=float, default=0.8)
    parser.add_argument("--images", type=int, default=100_000, help="photos that the judge is trained on")
    parser.add_argument(
        "--quick", action="store_true", help="a judge of 4,000 photos: under a minute, not comparable"
    )
    parser.add_argument("--write", action="store_true", help="write metrics.json beside the checkpoint")
    options = parser.parse_args()
    start = time.time()
    folder = Settings().checkpoints / options.model
    checkpoint = load_checkpoint(folder)
    config = load_config(options.config, GeneratorTraining)
    photos = read_photos(config.data, options.data, checkpoint.generator.config.size)
    values = {name: list(checkpoint.counts[name]) for name in ASKED}
    images = 4_000 if options.quick else options.images
    judge = train_judge(photos.train, labels(photos.train_products, values), values, images)

    truth = labels(photos.held_out_products, values)
    asked = [{n: p.attributes.get(n) for n in ASKED} for p in photos.held_out_products]
    with torch.inference_mode():
        real = features_of(judge, to_tensor(photos.held_out))
        fake = features_of(judge, generate(checkpoint, asked, options.psi, seed=11))
        groups: dict[tuple, list[int]] = defaultdict(list)
        for i, each in enumerate(asked):
            groups[tuple(each.values())].append(i)
        result = {
            "model": options.model,
            "model_hash": checkpoint.hash,
            "held_out_photos": len(photos.held_out),
            "psi": options.psi,
            "real": accuracy(judge, real, truth),
            "generated": accuracy(judge, fake, truth),
            "diversity_within_condition": round(spread(fake, groups) / spread(real, groups), 3),
            "judge_images": images,
        }
    result["share_of_ceiling"] = {n: round(result["generated"][n] / result["real"][n], 3) for n in ASKED}
    if options.write:
        (folder / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{time.time() - start:.0f} s")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
