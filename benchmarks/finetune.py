"""What does fine-tuning bring on real photos that are unlike the base's, and what does it cost?

    python benchmarks/finetune.py --data ../shared/data/clothing-256.zip [--category C] [--photos 200] [--minutes M] [--method full] [--quick]

The last line is one JSON object. So many photos of the set, by chance, are a product set of their own; the base is fine-tuned
to them for so many minutes by the same code as `ecomgen finetune`; then base and new checkpoint are asked for
what those photos show, and the kernel distance (KID in the bundled judge's features) of their pictures to the rest of the set's
photos, which nobody learnt from, is taken. Of an adapter it is also told how long it takes to go over a base in memory. `ratio` is the new distance over the base's: 0.5 or less is the target.
--quick: a third of a minute and fewer pictures.
"""

import argparse
import csv
import io
import json
import os
import random
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import torch

from ecomgen.data.products import Product, read_products
from ecomgen.models.checkpoint import ADAPTER, Checkpoint, apply_adapter, load_checkpoint
from ecomgen.models.recogniser import load_recogniser
from ecomgen.services.evaluation import find_checkpoint
from ecomgen.settings import Settings
from ecomgen.training.finetune import METHODS, PLAN, finetune, read_plan
from ecomgen.training.gain import measure_gain
from ecomgen.training.photos import DataConfig, read_photos

TARGET = 0.5


def write_set(products: list[Product], path: Path) -> Path:
    """Some products as a set of their own, byte for byte."""
    table = io.StringIO()
    columns = ["file_name", *products[0].attributes]
    rows = csv.DictWriter(table, columns)
    rows.writeheader()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for product in products:
            archive.writestr(product.name, product.entry.read())
            rows.writerow({"file_name": product.name, **{k: v or "" for k, v in product.attributes.items()}})
        archive.writestr("metadata.csv", table.getvalue())
    return path


def measure_adapter(folder: Path, base: Checkpoint) -> dict[str, float]:
    """How large an adapter is, and how long it takes to go over a base that is in memory."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        tuned = apply_adapter(folder, base)
        times.append(time.perf_counter() - start)
    return {
        "switch_ms": round(1000 * min(times), 1),
        "adapter_bytes": (folder / ADAPTER).stat().st_size,
        "adapter_share": tuned.training["adapter_share"],
    }


def main() -> None:
    """Tune, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clothing-256.zip"))
    parser.add_argument("--base", default="default")
    parser.add_argument("--category", help="only photos of this category")
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--method", choices=METHODS, default="full")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--out", type=Path, help="keep the new checkpoint in this folder")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    minutes, pictures = (0.3, 100) if options.quick else (options.minutes, options.pictures)

    settings = Settings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    base = find_checkpoint(settings, options.base)
    products = read_products(options.data).products
    if options.category:
        products = [p for p in products if p.attributes.get("category") == options.category]
    random.Random(0).shuffle(products)
    some, rest = products[: options.photos], products[options.photos :]
    if len(rest) < 12:
        parser.error(f"the set has only {len(products)} photos: too few are left to compare with")
    with tempfile.TemporaryDirectory() as folder:
        data = write_set(some, Path(folder) / "set.zip")
        unseen = write_set(rest[: 2 * pictures], Path(folder) / "rest.zip")
        out = options.out or Path(folder) / "new"
        begun = time.monotonic()
        finetune(base, data, out, options.method, minutes)
        spent = time.monotonic() - begun
        config, tuned = read_plan(out / PLAN), load_checkpoint(out, [base.parent])
        judge, _ = load_recogniser(settings.checkpoints / "judge")
        learnt = read_photos(config.data, data, judge.size)
        other = read_photos(DataConfig(held_out=1.0, trim=config.data.trim), unseen, judge.size)
        photos = replace(learnt, held_out=other.held_out, held_out_products=other.held_out_products)
        before = load_checkpoint(base)
        gain = measure_gain(before, tuned, judge, photos, pictures)
        switch = measure_adapter(out, before) if (out / ADAPTER).exists() else None
    shown = config.images
    result = {
        "set": options.data.name,
        "category": options.category,
        "photos": len(some),
        "method": options.method,
        **{key: value for key, value in gain.items() if key not in ("nearest", "photos")},
        "ratio": round(gain["kid_tuned"][0] / gain["kid_base"][0], 4),
        "target": TARGET,
        "met": gain["kid_tuned"][0] <= TARGET * gain["kid_base"][0],
        **({} if switch is None else switch),
        "minutes": round(spent / 60, 2),
        "minutes_asked": minutes,
        "images": shown,
        "images_per_s": round(shown / spent, 2),
        "conditions": {
            "device": "cuda" if torch.cuda.is_available() else "cpu",
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load": round(os.getloadavg()[0], 2),
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
