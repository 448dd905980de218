"""A set of generated pictures labelled by eye, usable or failed: what the quality gate is fitted on and measured by.

    python benchmarks/gate_sheets.py draw SET [--model default] [--each 20]     pictures.webp and pictures.jsonl in SET
    python benchmarks/gate_sheets.py sheets SET --to /tmp/sheets [--some 60]    numbered contact sheets to look at
    python benchmarks/gate_sheets.py label SET failed.txt                       labels.jsonl, from the failed ones' list
    python benchmarks/gate_sheets.py agreement SET again.txt --some 60          Cohen's kappa of a second look

A list of failed ones has a line for each: its number and why (blurry, broken, category, colour), for example "17 broken". What is
not listed is usable. --some takes as many by chance and hides their numbers behind new ones, so that the second look is blind.
"""

import argparse
import json
import random
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from samples import font
from sklearn.metrics import cohen_kappa_score

from ecomgen import Studio
from ecomgen.schema import default_schema
from ecomgen.settings import Settings

REASONS = ("blurry", "broken", "category", "colour")
PSI = (0.6, 0.7, 0.8, 0.9, 1.0)
ACROSS, TILE, CAPTION, COLUMNS, ROWS = 20, 160, 44, 8, 5


def asked(
    counts: dict[str, dict[str, int]], category: str, hard: bool, chance: random.Random
) -> dict[str, str]:
    """What a shop may ask of a category: colours as often as photos have them, or, if hard, each as often and one thing more."""
    colours = counts["colour"]
    weights = [1 if hard else n for n in colours.values()]
    wanted = {"category": category, "colour": chance.choices(list(colours), weights)[0]}
    if hard or chance.random() < 0.3:
        name = chance.choice([a for a in ("pattern", "material", "usage", "audience") if a in counts])
        wanted[name] = chance.choice(list(counts[name]))
    return wanted


def prompt_of(wanted: dict[str, str], language: str) -> str:
    schema = default_schema()
    order = ("audience", "usage", "colour", "pattern", "material", "category")
    found = [schema[name].find(wanted[name]) for name in order if name in wanted]
    return (" " if language == "en" else "").join(v.label(language) for v in found if v)


def draw(options: argparse.Namespace) -> None:
    folder, chance = options.set, random.Random(options.seed)
    counts = json.loads((Settings().checkpoints / options.model / "config.json").read_text())["counts"]
    studio = Studio.load(options.model)
    plan = []
    for category in counts["category"]:
        for i in range(options.each):
            hard = i % 4 == 3
            psi = 1.0 if hard else PSI[i % len(PSI)]
            plan.append((asked(counts, category, hard, chance), ("en", "zh")[i % 2], psi))
    chance.shuffle(plan)
    rows, tiles = [], []
    for number, (wanted, language, psi) in enumerate(plan):
        prompt, seed = prompt_of(wanted, language), chance.randrange(10**6)
        # Asked for in full, so that a label is about the picture and not about how the prompt was read.
        image = studio.generate(prompt, count=1, seed=seed, psi=psi, attributes=wanted)[0]
        told = {name: value for name, value in image.attributes.items() if value}
        rows.append({"number": number, "prompt": prompt, "seed": seed, "psi": psi, "attributes": told})
        tiles.append(image.convert("RGB"))
    side = tiles[0].width
    atlas = Image.new("RGB", (ACROSS * side, -(-len(tiles) // ACROSS) * side), "white")
    for i, tile in enumerate(tiles):
        atlas.paste(tile, (i % ACROSS * side, i // ACROSS * side))
    folder.mkdir(parents=True, exist_ok=True)
    atlas.save(folder / "pictures.webp", lossless=True, method=6, quality=100)
    write(
        folder / "pictures.jsonl",
        [{**row, "side": side, "model_hash": image.picture.model_hash} for row in rows],
    )
    print(f"{folder}: {len(rows)} pictures, {(folder / 'pictures.webp').stat().st_size:,} bytes")


def load(folder: Path) -> tuple[list[dict], list[np.ndarray]]:
    """The rows of a set's list (labels.jsonl, before that pictures.jsonl), and uint8 [side, side, 3] for each."""
    path = folder / "labels.jsonl"
    rows = read(path if path.exists() else folder / "pictures.jsonl")
    atlas, side = np.asarray(Image.open(folder / "pictures.webp").convert("RGB")), rows[0]["side"]
    corners = [(row["number"] // ACROSS * side, row["number"] % ACROSS * side) for row in rows]
    return rows, [atlas[top : top + side, left : left + side] for top, left in corners]


def sheets(options: argparse.Namespace) -> None:
    rows, pictures = load(options.set)
    order = some(len(rows), options.some)
    options.to.mkdir(parents=True, exist_ok=True)
    letters = font().font_variant(size=13)
    per = COLUMNS * ROWS
    for first in range(0, len(order), per):
        sheet = Image.new("RGB", (COLUMNS * (TILE + 6), ROWS * (TILE + CAPTION)), "white")
        pen = ImageDraw.Draw(sheet)
        for place, i in enumerate(order[first : first + per]):
            left, top = place % COLUMNS * (TILE + 6), place // COLUMNS * (TILE + CAPTION)
            sheet.paste(
                Image.fromarray(pictures[i]).resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top)
            )
            words = f"{first + place}: " + ", ".join(rows[i]["attributes"].values())
            pen.multiline_text(
                (left + 2, top + TILE), "\n".join(textwrap.wrap(words, 25)[:2]), "#a00000", letters
            )
        sheet.save(options.to / f"{first:03}.png")


def label(options: argparse.Namespace) -> None:
    failed = read_failed(options.failed)
    rows, _ = load(options.set)  # labels.jsonl has all that pictures.jsonl had
    write(options.set / "labels.jsonl", [{**r, "failed": failed.get(r["number"], "")} for r in rows])
    (options.set / "pictures.jsonl").unlink(missing_ok=True)
    share = len(failed) / len(rows)
    print(f"{len(rows)} pictures, {len(failed)} failed ({share:.1%})")


def agreement(options: argparse.Namespace) -> None:
    rows, _ = load(options.set)
    order, again = some(len(rows), options.some), read_failed(options.failed)
    first = [bool(rows[i]["failed"]) for i in order]
    second = [place in again for place in range(len(order))]
    same = np.mean(np.equal(first, second))
    kappa = cohen_kappa_score(first, second)
    print(f"{len(order)} pictures labelled twice: {same:.1%} the same, Cohen's kappa {kappa:.2f}")


def some(n: int, wanted: int | None) -> list[int]:
    return list(range(n)) if wanted is None else random.Random(1).sample(range(n), wanted)


def read_failed(path: Path) -> dict[int, str]:
    failed = {}
    for line in path.read_text().split("\n"):
        if line.strip():
            number, reason = line.split()
            if reason not in REASONS:
                raise SystemExit(f"{line!r}: the reason is one of {', '.join(REASONS)}")
            failed[int(number)] = reason
    return failed


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("draw", "sheets", "label", "agreement"))
    parser.add_argument("set", type=Path)
    parser.add_argument("failed", type=Path, nargs="?")
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--each", type=int, default=20, help="pictures of each category")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path)
    parser.add_argument("--some", type=int)
    options = parser.parse_args()
    {"draw": draw, "sheets": sheets, "label": label, "agreement": agreement}[options.what](options)


if __name__ == "__main__":
    main()
