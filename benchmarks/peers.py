"""Side by side: ecomgen's recipe and the PyPI package `lightweight-gan`, from scratch, on the same photos for the same minutes.

    python benchmarks/peers.py [--quick] [--minutes 10] [--size 64] [--config configs/generator-128.toml]
                               [--data ../shared/data] [--samples FOLDER]

The last line is one JSON object: for both, for the bundled checkpoint and for real photos, Fréchet and kernel distance to
held-out photos in the features of the judge, and for the first three the pictures a second in batches of eight. `--quick`
is 32 px, three minutes a side and 4,000 training photos, for a CPU.

Both learn one after the other, in one run, on one device, from the very same PNG files: the accessories of the
configuration, framed as ecomgen frames them, without the 5 % that are held out (fashion-80.zip; above 64 px
fashion-224.zip, its squeeze undone). Ours goes first: a short rehearsal measures the speed of each phase, and the budgets
of the configuration are all multiplied by the one number that fills the minutes. The package then gets every second
that ours took, with its own trainer and the defaults of its command line, except on a CPU, where it is spared the
accumulation over four batches, that is, gets four times the steps. Its building, saving and grids are not counted. Its
averaged weights are a copy of some step before they are 20,000 steps old, so both its sets of weights are measured and the better one
counts. It knows no conditions: its pictures are of nothing in particular, ours of what as many training photos show.

The package is a benchmark extra, see benchmarks/latency.py for how it is installed without its logger; it asserts CUDA when it
is imported and calls .cuda(); on a CPU these calls are answered here with what there is.
"""

import argparse
import contextlib
import csv
import dataclasses
import importlib
import importlib.machinery
import json
import os
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from PIL import Image
from torch import Tensor

from ecomgen.data.photos import photo_array
from ecomgen.data.products import is_held_out, read_products
from ecomgen.models.checkpoint import Checkpoint, load_checkpoint
from ecomgen.models.recogniser import load_recogniser
from ecomgen.services.evaluation import HELD_OUT
from ecomgen.settings import Settings
from ecomgen.training.config import load_config
from ecomgen.training.evaluation import look
from ecomgen.training.generator import GeneratorTraining, train_generator
from ecomgen.training.grid import save_grid
from ecomgen.training.metrics.distances import frechet_distance, kernel_distance
from ecomgen.training.photos import DataConfig, Photos, read_photos
from ecomgen.training.runlog import read_log
from ecomgen.training.sampling import choose_rows, draw, learnt

AT_ONCE, PSI, SEED = 8, 0.8, 0
REHEARSAL = {"images": 20, "latents": 200}  # steps of a phase whose budget is in these
SQUEEZED = {"fashion-224.zip": 3 / 4}
Draw = Callable[[int], Tensor]
"""Number -> that many pictures, uint8 [n, size, size, 3] on the CPU."""


def write_set(source: Path, categories: tuple[str, ...], size: int, most: int | None, folder: Path) -> None:
    """The photos of the categories as both sides get them: folder/train and folder/val of PNG files, and their metadata.

    Of the training photos at most `most`, spread over the set.
    """
    found = [p for p in read_products(source).products if p.attributes.get("category") in categories]
    kept_back = [p for p in found if is_held_out(p.name, HELD_OUT)]
    learnt_from = [p for p in found if not is_held_out(p.name, HELD_OUT)]
    if most is not None and most < len(learnt_from):
        learnt_from = [learnt_from[i * len(learnt_from) // most] for i in range(most)]
    found = kept_back + learnt_from
    pixels, kept = photo_array(found, size, trim=True, aspect=SQUEEZED.get(source.name))
    rows = []
    for array, product in zip(pixels, (found[i] for i in kept), strict=True):
        split = "val" if is_held_out(product.name, HELD_OUT) else "train"
        name = f"{split}/{Path(product.name).stem}.png"
        (folder / split).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(folder / name)
        rows.append(product.row | {"file_name": name})
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def scaled(config: GeneratorTraining, budgets: dict[str, int]) -> GeneratorTraining:
    """The configuration with other budgets; `budgets` is phase -> images or latents."""
    phases = {}
    for name, budget in budgets.items():
        phase = getattr(config, name)
        phases[name] = dataclasses.replace(phase, **{unit_of(phase): budget})
    return dataclasses.replace(config, **phases)


def unit_of(phase: object) -> str | None:
    """What the budget of a phase is counted in; None for a part of the configuration that is no phase."""
    return next((unit for unit in REHEARSAL if hasattr(phase, unit)), None)


def budgets_of(config: GeneratorTraining) -> dict[str, int]:
    phases = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    found = {name: getattr(phase, unit) for name, phase in phases.items() if (unit := unit_of(phase))}
    return {name: budget for name, budget in found.items() if budget}


def fill(config: GeneratorTraining, folder: Path, seconds: float, out: Path) -> GeneratorTraining:
    """The configuration whose budgets take so many seconds, by what a short rehearsal took."""
    budgets = budgets_of(config)
    short = {n: REHEARSAL[str(unit_of(getattr(config, n)))] * getattr(config, n).batch for n in budgets}
    rehearsal = scaled(config, short)
    rehearsal = dataclasses.replace(
        rehearsal, **{name: dataclasses.replace(getattr(rehearsal, name), log_every=1) for name in budgets}
    )
    start = time.monotonic()
    train_generator(rehearsal, folder, out)
    fixed, rate = time.monotonic() - start, {}
    for name in budgets:
        batch = getattr(config, name).batch
        steps = [
            batch / float(line["images_per_second"])
            for line in read_log(out / "log.jsonl")
            if line["phase"] == name
        ]
        fixed -= sum(steps)
        usual = [s for s in steps if s < 3 * statistics.median(steps)]  # not those that compiled something
        rate[name] = statistics.mean(usual) / batch
    factor = max(seconds - fixed, 0.1 * seconds) / sum(budgets[name] * rate[name] for name in budgets)
    filled = {n: max(round(budgets[n] * factor / getattr(config, n).batch), 1) for n in budgets}
    print(f"Fixed costs {fixed:.0f} s; budgets of the configuration times {factor:.3g}", file=sys.stderr)
    return scaled(config, {n: steps * getattr(config, n).batch for n, steps in filled.items()})


def for_size(config: GeneratorTraining, size: int, compiled: bool) -> GeneratorTraining:
    """The configuration for pictures of another size, from scratch, on a set of which all is to be learnt."""
    channels, seen = config.generator.up_to(size).channels, config.encoder.channels
    while 4 * 2 ** (len(channels) - 1) < size:
        channels = (*channels, channels[-1] // 2)
    while 4 * 2 ** len(seen) > size:
        seen = seen[1:]
    return dataclasses.replace(
        config,
        data=DataConfig(trim=False),
        encoder=dataclasses.replace(config.encoder, channels=seen),
        generator=dataclasses.replace(config.generator, channels=channels),
        start="",
        compile=config.compile and compiled,
    )


def in_place(checkpoint: Checkpoint, photos: Photos, device: torch.device) -> Draw:
    """Pictures with the attributes of training photos that chance picks, as `ecomgen evaluate` draws them."""

    def run(count: int) -> Tensor:
        rows = choose_rows(len(photos.train), count, SEED)
        asked = [learnt(photos.train_products[i], checkpoint) for i in rows]
        return draw(checkpoint, asked, PSI, SEED, device)

    return run


@contextlib.contextmanager
def lightweight_gan(device: torch.device) -> Iterator[types.ModuleType]:
    """The package's module, able to train on `device`."""
    aim = types.ModuleType("aim")
    aim.__spec__ = importlib.machinery.ModuleSpec("aim", None)  # accelerate asks for it
    sys.modules.setdefault("aim", aim)
    with mock.patch.object(torch.cuda, "is_available", return_value=True):
        module = importlib.import_module("lightweight_gan.lightweight_gan")
    with contextlib.ExitStack() as patches:
        if device.type != "cuda":
            for cls in (Tensor, torch.nn.Module):
                patches.enter_context(mock.patch.object(cls, "cuda", lambda self, *_: self.to(device)))
            stand_in = types.ModuleType("torch")
            stand_in.__dict__.update(torch.__dict__, device=lambda _name: device)
            patches.enter_context(mock.patch.object(module, "torch", stand_in))
        yield module


def train_peer(
    folder: Path, size: int, seconds: float, device: torch.device, base: Path
) -> tuple[dict[str, Draw], dict[str, Any]]:
    """The package's own trainer for so many seconds -> how to draw with each of its weights, and what it did."""
    accumulate = 4 if device.type == "cuda" else 1
    with lightweight_gan(device) as package:
        torch.manual_seed(42)
        trainer = package.Trainer(
            base_dir=base, image_size=size, batch_size=10, gradient_accumulate_every=accumulate,
            attn_res_layers=[32], disc_output_size=1, aug_types=["cutout", "translation"], use_aim=False,
            num_workers=None if device.type == "cuda" else 0,
        )  # fmt: skip
        trainer.evaluate = lambda *_args, **_kwargs: None
        with contextlib.redirect_stdout(sys.stderr):
            trainer.set_data_src(folder)
            trainer.init_GAN()
        start, failed, told = time.monotonic(), 0, 0.0
        while (taken := time.monotonic() - start) < seconds:
            try:
                trainer.train()
            except package.NanException:
                failed += 1
            if taken - told > 30:
                told = taken
                print(f"lightweight-gan: {taken / seconds:.0%}, {trainer.steps} steps", file=sys.stderr)
        facts = {
            "seconds": round(taken, 1),
            "steps": trainer.steps,
            "images": trainer.steps * 10 * accumulate,
            "nan_steps": failed,
            "defaults": "of its command line" if accumulate == 4 else "of its command line, no accumulation",
        }

    def drawing(network: torch.nn.Module) -> Draw:
        network.eval()

        @torch.inference_mode()
        def run(count: int) -> Tensor:
            torch.manual_seed(SEED)
            parts = []
            for start in range(0, count, 32):
                noise = torch.randn(min(32, count - start), trainer.latent_dim).to(device)
                pixels = network(noise).clamp(0, 1).mul(255).round().to(torch.uint8)
                parts.append(pixels.permute(0, 2, 3, 1).cpu())
            return torch.cat(parts)

        return run

    return {"weights": drawing(trainer.GAN.G), "averaged": drawing(trainer.GAN.GE)}, facts


def pictures_per_second(run: Draw, repeats: int = 12) -> float:
    """At the median of `repeats` batches of eight, from attributes or noise to pixels on the CPU."""
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        run(AT_ONCE)
        times.append(time.perf_counter() - start)
    return round(AT_ONCE / statistics.median(times[2:]), 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="32 px, 3 minutes a side, 4,000 photos")
    parser.add_argument("--minutes", type=float, help="of training a side (default 10, quick 3)")
    parser.add_argument("--size", type=int, help="pixels a side (default 64, quick 32)")
    parser.add_argument("--pictures", type=int, help="drawn for the distances (default 2000, quick 1000)")
    parser.add_argument("--photos", type=int, help="training photos at most (default all, quick 4000)")
    parser.add_argument("--config", type=Path, default=Path("configs/generator-128.toml"), help="our recipe")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the packs")
    parser.add_argument("--no-compile", action="store_true", help="as with --quick: compiling takes minutes")
    parser.add_argument("--samples", type=Path, help="folder for a grid of each side's first pictures")
    options = parser.parse_args()
    minutes = options.minutes or (3.0 if options.quick else 10.0)
    size = options.size or (32 if options.quick else 64)
    most = options.photos or (4000 if options.quick else None)
    count = options.pictures or (1000 if options.quick else 2000)
    source = options.data / ("fashion-80.zip" if size <= 64 else "fashion-224.zip")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = Settings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    config = load_config(options.config, GeneratorTraining)
    categories = config.data.categories
    if not config.autoencoder.images or not config.mapping.latents:
        raise SystemExit(f"{options.config} starts from a checkpoint; name one with a budget in every phase.")
    config = for_size(config, size, compiled=not (options.quick or options.no_compile))

    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        folder = work / "set"
        write_set(source, categories, size, most, folder)
        photos = read_photos(config.data, folder, size)
        print(f"{len(photos.train):,} training photos, {len(photos.held_out):,} held out", file=sys.stderr)

        filled = fill(config, folder, 60 * minutes, work / "rehearsal")
        start = time.monotonic()
        train_generator(filled, folder, work / "ours")
        seconds = time.monotonic() - start
        print(f"ecomgen: {seconds:.0f} s; {budgets_of(filled)}", file=sys.stderr)
        theirs, facts = train_peer(folder / "train", size, seconds, device, work / "peer")
        own = load_checkpoint(work / "ours")

    bundled = load_checkpoint(settings.checkpoints / settings.model)
    sides = {"ecomgen": in_place(own, photos, device)}
    sides |= {f"lightweight_gan {name}": run for name, run in theirs.items()}
    sides["bundled"] = in_place(bundled, photos, device)
    judge, _ = load_recogniser(settings.checkpoints / "judge")
    judge.to(device)
    held_out = look(judge, photos.held_out)
    beside = photos.train[sorted(set(choose_rows(len(photos.train), count, SEED)))]

    def distances(pictures: Tensor) -> dict[str, float]:
        features = look(judge, pictures)
        kid, error = kernel_distance(features, held_out, SEED)
        fd = frechet_distance(features, held_out)
        return {name: float(f"{v:.4g}") for name, v in {"fd": fd, "kid": kid, "kid_error": error}.items()}

    measured: dict[str, dict[str, Any]] = {"real": distances(beside)}
    for name, run in sides.items():
        pictures = run(count)
        measured[name] = distances(pictures) | {"pictures_per_second": pictures_per_second(run)}
        if options.samples:
            shown = pictures[:64].permute(0, 3, 1, 2).float() / 127.5 - 1
            save_grid(shown, options.samples / f"{name.replace(' ', '-')}-{size}.png", columns=8)
    both = {name.split()[1]: measured.pop(name) for name in list(measured) if " " in name}
    better = min(both, key=lambda name: both[name]["fd"])
    peer = both[better] | {"drawn_with": better} | facts
    ours = measured["ecomgen"] | {"seconds": round(seconds, 1), "budgets": budgets_of(filled)}

    for name, values in (*measured.items(), ("lightweight_gan", peer)):
        print(f"{name:16} FD {values['fd']:8.4g}   KID {values['kid']:9.4g} ± {values['kid_error']:.1g}")
    print(
        json.dumps(
            {
                "ecomgen": ours,
                "lightweight_gan": peer,
                "bundled": measured["bundled"] | {"model": bundled.name, "hash": bundled.hash},
                "real": measured["real"],
                "fd_over_peer": round(ours["fd"] / peer["fd"], 4),
                "kid_over_peer": round(ours["kid"] / peer["kid"], 4),
                "less_than_half": ours["fd"] < 0.5 * peer["fd"] and ours["kid"] < 0.5 * peer["kid"],
                "bundled_fd_over_peer": round(measured["bundled"]["fd"] / peer["fd"], 4),
                "bundled_kid_over_peer": round(measured["bundled"]["kid"] / peer["kid"], 4),
                "speed_over_peer": round(ours["pictures_per_second"] / peer["pictures_per_second"], 2),
                "conditions": {
                    "size": size,
                    "minutes": minutes,
                    "pictures": count,
                    "psi": PSI,
                    "set": source.name,
                    "photos": len(photos.train),
                    "held_out": len(photos.held_out),
                    "judge": judge.hash(),
                    "device": device.type,
                    "threads": torch.get_num_threads(),
                    "cores": os.cpu_count(),
                    "load": round(os.getloadavg()[0], 2),
                    "torch": torch.__version__,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
