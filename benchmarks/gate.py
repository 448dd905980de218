"""Does the quality gate know failed pictures? On pictures labelled by eye (benchmarks/gate/), on the half it was not fitted on.

    python benchmarks/gate.py [SET ...] [--model default]        AUROC of the whole and of each signal, time for eight pictures
    python benchmarks/gate.py [SET ...] --fit                    weighs the signals anew on the other half: checkpoints/vision/gate.json
    python benchmarks/gate.py --pictures 500 --data SET.zip      what it does to accuracy, distance and variety, by the judge

The last line is one JSON object. Which half a picture is in follows from a hash of its prompt and seed.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from gate_sheets import load
from sklearn.metrics import roc_auc_score

from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.models.gate import SIGNALS, load_gate, load_typical, look
from ecomgen.models.recogniser import Recogniser, load_recogniser
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import FOLDER
from ecomgen.services.records import GenerationRequest
from ecomgen.settings import Settings
from ecomgen.training.autoencoder import to_tensor
from ecomgen.training.gate import fit_weighing

SETS = sorted(Path(__file__).with_name("gate").glob("*/labels.jsonl"))
TARGET = 0.85
PROMPTS = ("red running shoes", "黑色手提包", "silver watch for men")


def fitting_half(row: dict) -> bool:
    return int(hashlib.sha256(f"{row['prompt']} {row['seed']}".encode()).hexdigest(), 16) % 2 == 0


def signals_of(folders: list[Path], recogniser: Recogniser, model: Path) -> tuple[list[dict], dict]:
    typical, rows, found = load_typical(model), [], []
    for folder in folders:
        more, pictures = load(folder)
        asked = [row["attributes"] for row in more]
        for start in range(0, len(more), 64):
            part = to_tensor(torch.from_numpy(np.stack(pictures[start : start + 64])))
            found.append(look(recogniser, typical, part, asked[start : start + 64]))
        rows += more
    return rows, {name: torch.cat([each[name] for each in found]) for name in SIGNALS}


def milliseconds(generation: Generation, retry: bool) -> float:
    times = []
    for seed in range(0, 48, 8):
        for prompt in PROMPTS:
            start = time.perf_counter()
            list(generation.generate(GenerationRequest(prompt=prompt, seed=seed, retry=retry)))
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def key(attributes: Mapping[str, str | None]) -> tuple:
    return tuple(sorted(attributes.items()))


def consequences(options: argparse.Namespace, settings: Settings) -> dict:
    """Scores of --pictures pictures in the place of training photos, each with and without the gate."""
    from ecomgen.training.evaluation import look as judged
    from ecomgen.training.metrics.accuracy import attribute_accuracy, shared_values
    from ecomgen.training.metrics.distances import frechet_distance
    from ecomgen.training.metrics.diversity import diversity_within_condition
    from ecomgen.training.photos import DataConfig, read_photos
    from ecomgen.training.sampling import choose_rows, learnt

    checkpoint = load_checkpoint(settings.checkpoints / options.model)
    judge, _ = load_recogniser(settings.checkpoints / "judge")
    config = DataConfig(categories=tuple(checkpoint.counts["category"]), held_out=0.05)
    photos = read_photos(config, options.data, checkpoint.generator.config.size)
    values, held_out = shared_values(judge, checkpoint.counts), judged(judge, photos.held_out)
    shown = [learnt(product, checkpoint) for product in photos.held_out_products]
    rows = choose_rows(len(photos.train), options.pictures, 0)
    asked = [learnt(photos.train_products[i], checkpoint) for i in rows]
    generation, result = Generation(settings, AttributeReader(settings)), {}
    for name, retry in (("without", False), ("with", True)):
        made = [
            next(generation.generate(GenerationRequest(attributes=a, seed=i, count=1, retry=retry)))
            for i, a in enumerate(asked)
        ]
        features = judged(judge, torch.from_numpy(np.stack([np.asarray(p.image) for p in made])))
        right = attribute_accuracy(judge, features, asked, values)
        spread = diversity_within_condition(
            features, [key(a) for a in asked], held_out, [key(a) for a in shown]
        )
        result[name] = {
            **{k: round(100 * right[k].share, 1) for k in ("category", "colour")},
            "fd": round(frechet_distance(features, held_out), 2),
            "variety": round(spread.share, 3) if spread else None,
            "set_aside": round(float(np.mean([p.set_aside > 0 for p in made])), 3),
        }
        print(f"{name} the gate: {result[name]}", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", type=Path, nargs="*", default=[path.parent for path in SETS])
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fashion-80.zip"))
    options = parser.parse_args()
    settings = Settings()
    vision, model = settings.checkpoints / FOLDER, settings.checkpoints / options.model
    recogniser, _ = load_recogniser(vision)
    rows, signals = signals_of(options.sets, recogniser, model)
    failed = np.array([bool(row["failed"]) for row in rows])
    fitting = np.array([fitting_half(row) for row in rows])
    seen = {name: s[torch.from_numpy(fitting)] for name, s in signals.items()}
    unseen = {name: s[torch.from_numpy(~fitting)] for name, s in signals.items()}
    if options.fit:
        fit_weighing(recogniser, seen, failed[fitting]).save(vision)
    gate = load_gate(recogniser, vision, model)
    assert gate, "the gate's files do not fit this recogniser"

    truth, auroc = ~failed[~fitting], {}
    score = gate.weighing.score(unseen).numpy()
    auroc["all"] = roc_auc_score(truth, score)
    for name in SIGNALS:
        alone = fit_weighing(recogniser, seen, failed[fitting], use=(name,))
        auroc[name] = roc_auc_score(truth, alone.score(unseen).numpy())
    chance = np.random.default_rng(0)
    draws = [chance.integers(len(truth), size=len(truth)) for _ in range(1000)]
    low, high = np.quantile([roc_auc_score(truth[d], score[d]) for d in draws], (0.025, 0.975))
    aside = score < gate.weighing.threshold
    print(f"{len(truth)} pictures that nothing was fitted on, {np.mean(~truth):.0%} of them failed")
    for name, value in auroc.items():
        print(f"AUROC {value:.3f}  {name}")
    why = np.array([row["failed"] for row in rows])[~fitting]
    caught = {r: round(float(aside[why == r].mean()), 3) for r in sorted(set(why) - {""})}
    result = {
        "auroc": {name: round(float(value), 3) for name, value in auroc.items()},
        "auroc_95": [round(float(low), 3), round(float(high), 3)],
        "reached": bool(auroc["all"] >= TARGET),
        "pictures": {
            "fitted_on": int(fitting.sum()),
            "measured_on": len(truth),
            "failed": int((~truth).sum()),
        },
        "threshold": round(gate.weighing.threshold, 4),
        "set_aside": round(float(aside.mean()), 3),
        "failed_set_aside": round(float(aside[~truth].mean()), 3),
        "usable_set_aside": round(float(aside[truth].mean()), 3),
        "set_aside_by_reason": caught,
    }
    generation = Generation(settings, AttributeReader(settings))
    list(generation.generate(GenerationRequest(prompt=PROMPTS[0], model=options.model)))
    result["ms_for_eight"] = {
        n: round(milliseconds(generation, r), 1) for n, r in (("without", False), ("with", True))
    }
    if options.pictures:
        result["consequences"] = consequences(options, settings)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
