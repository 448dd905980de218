"""What is seen in photos that no training saw: how often right, how sure, how fast; and what it is good for.

    python benchmarks/recognition.py [--quick] [--data ../shared/data] [--sure 0.9] [--write]

For each pack: accuracy an attribute, exact and with values merged that shoppers would not tell apart (training/merged.py), the
expected calibration error, and, as `ecomgen label` uses it, what share would be filled in at --sure and how much of that is
right. Then titles found by photo and photos by title, whether photos chosen by `ecomgen label` teach more than photos chosen by
chance, and milliseconds a photo on one core. --quick measures fewer photos. The last line is one JSON object; --write puts it
into the checkpoint's recognition.json.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torchmetrics.functional.classification import binary_calibration_error

from ecomgen.data.photos import unsqueeze
from ecomgen.data.products import Product, is_held_out, read_products
from ecomgen.models.recogniser import Recogniser, load_recogniser
from ecomgen.models.text import TextEncoder
from ecomgen.services.recognition import FOLDER, Recognition, Sight
from ecomgen.settings import Settings
from ecomgen.training.informative import doubt, most_informative
from ecomgen.training.merged import MERGED, merged

PACKS = {"fashion-80": None, "clothing-256": None, "fashion-224": 3 / 4}
"""Pack -> the true width/height of its photos where they were squeezed."""
HELD_OUT = 0.05
TARGETS = {"category": 0.90, "colour": 0.80}
BUDGET = 200


def held_out(path: Path, most: int) -> list[Product]:
    products = [p for p in read_products(path).products if is_held_out(p.name, HELD_OUT)]
    return products[:: max(1, -(-len(products) // most))]


def look(recognition: Recognition, products: list[Product], aspect: float | None) -> Sight:
    images = (p.image() if aspect is None else unsqueeze(p.image(), aspect) for p in products)
    return recognition.look([recognition.frame(image) for image in images])


def measure(recognition: Recognition, products: list[Product], sight: Sight, sure: float) -> dict[str, dict]:
    """Per attribute, over the photos whose value people gave: the recogniser's values and all others ("something else")."""
    result = {}
    for name, values in recognition.values.items():
        said = [p.attributes.get(name) for p in products]
        rows = [i for i, value in enumerate(said) if value is not None]
        if len(rows) < 20:
            continue
        names = np.array(["(something else)", *values])
        probabilities = sight.probabilities[name][rows]
        truth = np.array([said[i] if said[i] in values else names[0] for i in rows])
        ranked = names[np.argsort(-probabilities, axis=1)]
        got, confidence = ranked[:, 0], probabilities.max(axis=1)
        right = got == truth
        alike = np.array([merged(name, a) == merged(name, b) for a, b in zip(got, truth, strict=True)])
        taken = (confidence >= sure) & (got != names[0])
        wrong = Counter(zip(truth[~right].tolist(), got[~right].tolist(), strict=True))
        result[name] = {
            "photos": len(rows),
            "accuracy": round(float(right.mean()), 4),
            "merged": round(float(alike.mean()), 4),
            "top3": round(float((ranked[:, :3] == truth[:, None]).any(axis=1).mean()), 4),
            "ece": round(
                float(binary_calibration_error(torch.from_numpy(confidence), torch.from_numpy(right))), 4
            ),
            "filled": round(float(taken.mean()), 4),
            "precision_of_filled": round(float(right[taken].mean()), 4) if taken.any() else None,
            "worst": [[*pair, n] for pair, n in wrong.most_common(6)],
        }
    return result


def retrieval(recogniser: Recogniser, encoder: TextEncoder, products: list[Product], sight: Sight) -> dict:
    """Recall among the held-out pairs, in the space that texts and photos share; products of one title count as one."""
    rows = [i for i, p in enumerate(products) if p.title]
    titles = [products[i].title for i in rows]
    with torch.inference_mode():
        photos = recogniser.describe(torch.from_numpy(sight.features[rows]))
        scores = (photos @ encoder.describe(titles).T).numpy()
    same = np.array(titles)[:, None] == np.array(titles)[None]
    result = {}
    for what, table in (("photo_to_title", scores), ("title_to_photo", scores.T)):
        order = np.argsort(-table, axis=1)[:, :10]
        hits = np.take_along_axis(same, order, axis=1)
        result |= {f"{what}@{k}": round(float(hits[:, :k].any(axis=1).mean()), 4) for k in (1, 10)}
    return result | {"pairs": len(titles)}


def active_learning(
    sight: Sight, products: list[Product], name: str, values: tuple[str, ...], sure: float, draws: int
) -> dict:
    """A person labels up to 200 photos of a set, chosen as `ecomgen label` chooses them or by chance. `probe`: accuracy of a
    linear classifier that learns from these labels only, on other photos; `probe_with_guesses`: from the sure guesses for the
    rest of the set, too; `set_right`: share of the set whose value is right after the labels. Means over `draws` splits."""
    said = [p.attributes.get(name) for p in products]
    rows = np.array([i for i, v in enumerate(said) if v is not None])
    classes, probabilities = np.array([said[i] for i in rows]), sight.probabilities[name][rows]
    features = StandardScaler().fit_transform(sight.features[rows])
    guesses = np.array(["(something else)", *values])[probabilities.argmax(axis=1)]
    is_sure = (probabilities.max(axis=1) >= sure) & (probabilities.argmax(axis=1) > 0)
    budget = min(BUDGET, len(rows) // 4)
    found: dict[str, list[list[float]]] = {"chosen": [], "by_chance": []}
    for draw in range(draws):
        chance = np.random.default_rng(draw)
        tested, pool = np.split(chance.permutation(len(rows)), [len(rows) // 3])
        doubts = doubt([probabilities[pool]], [~is_sure[pool]])
        picks = {
            "chosen": pool[most_informative(sight.features[rows][pool], doubts, budget)],
            "by_chance": chance.choice(pool, budget, replace=False),
        }
        for how, labelled in picks.items():
            after = guesses.copy()
            after[labelled] = classes[labelled]
            filled = np.union1d(labelled, pool[is_sure[pool]])
            found[how].append(
                [
                    _probe(features[labelled], classes[labelled], features[tested], classes[tested]),
                    _probe(features[filled], after[filled], features[tested], classes[tested]),
                    float((after[pool] == classes[pool]).mean()),
                ]
            )
    names = ("probe", "probe_with_guesses", "set_right")
    means = {
        how: dict(zip(names, np.mean(each, axis=0).round(4).tolist(), strict=True))
        for how, each in found.items()
    }
    return {"labels": budget, "set": len(rows) - len(rows) // 3, "draws": draws, **means}


def _probe(features: np.ndarray, classes: np.ndarray, tested: np.ndarray, truth: np.ndarray) -> float:
    return float(LogisticRegression(max_iter=300, C=0.1).fit(features, classes).score(tested, truth))


def milliseconds(recognition: Recognition, products: list[Product], n: int) -> float:
    """Median processor time from a decoded photo to its attributes, on one thread."""
    images = [p.image() for p in products[:n]]
    times = []
    for image in images:
        start = time.process_time()
        recognition.recognise(image)
        times.append(time.process_time() - start)
    return round(1000 * float(np.median(times)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sure", type=float, default=0.9)
    parser.add_argument("--quick", action="store_true", help="fewer photos: under a minute")
    parser.add_argument("--write", action="store_true", help="write recognition.json beside the checkpoint")
    options = parser.parse_args()
    start = time.time()
    torch.set_num_threads(1)
    settings = Settings()
    recognition = Recognition(settings)
    result: dict = {"sure": options.sure, "merged": MERGED, "packs": {}}
    seen: dict[str, tuple[list[Product], Sight]] = {}
    for pack, aspect in PACKS.items():
        products = held_out(options.data / f"{pack}.zip", 400 if options.quick else 10**6)
        sight = look(recognition, products, aspect)
        seen[pack] = products, sight
        result["packs"][pack] = measure(recognition, products, sight, options.sure)
        for name, found in result["packs"][pack].items():
            print(f"{pack:13} {name:9} " + "  ".join(f"{k} {v}" for k, v in found.items() if k != "worst"))
            print(" " * 24 + "; ".join(f"{a} as {b}: {n}" for a, b, n in found["worst"]), flush=True)

    products, sight = seen["fashion-80"]
    result["active_learning"] = {
        name: active_learning(
            sight, products, name, recognition.values[name], options.sure, 2 if options.quick else 10
        )
        for name in TARGETS
        if name in recognition.values
    }
    print("active learning", result["active_learning"])
    recogniser, _ = load_recogniser(settings.checkpoints / FOLDER)
    encoder = TextEncoder.load(settings.checkpoints / "text")
    result["retrieval"] = retrieval(recogniser, encoder, products, sight)
    print("retrieval", result["retrieval"])
    result["ms_per_photo"] = milliseconds(recognition, products, 100)
    result["targets"] = {
        f"{pack} {name}": {
            "target": TARGETS[name],
            "exact": found[name]["accuracy"],
            "merged": found[name]["merged"],
        }
        for pack, found in result["packs"].items()
        for name in TARGETS
        if name in found
    }
    result["recogniser"] = recogniser.hash()
    if options.write:
        (settings.checkpoints / FOLDER / "recognition.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{time.time() - start:.0f} s")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
