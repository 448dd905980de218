"""Does "show the best" learn what a reviewer likes? A simulated reviewer with a hidden taste judges what is shown.

    python benchmarks/taste.py [--quick] [--model default] [--prompts "handbag,backpack"]

The reviewer likes dark, plain products: measured on the pixels (how dark the product is, how little it varies), never on what the taste
sees, and with some chance, as people are. First everything is shown as it comes, and approval is what chance would give; then the
taste is learnt from 50, 200 and 1,000 thumbs (--quick: 50 and 200), and from then on the best of four times as many candidates are
shown, one in eight by chance. The last line is one JSON object: approval with its 95 % interval (Wilson) at each step, and the
variety of what is shown as a share of all candidates'. Under a minute with --quick on two cores.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ecomgen.data.photos import border_colour
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.favourites import CANDIDATES
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import Recognition
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.services.taste import Judged, TasteKeeper
from ecomgen.settings import Settings

SHOWN = 8


def darkness_and_plainness(image: Image.Image) -> tuple[float, float]:
    """Of the product alone: all that differs from the border's colour."""
    pixels = np.asarray(image.convert("RGB")).astype(np.float32)
    product = np.abs(pixels - np.array(border_colour(image), np.float32)).max(axis=2) > 18
    if not product.any():
        return 0.0, 0.0
    grey = pixels.mean(axis=2)[product]
    return -float(grey.mean()), -float(grey.std())


class Reviewer:
    """Likes what is darker and plainer than usual; `usual` pictures say what is usual."""

    def __init__(self, usual: list[Picture], seed: int) -> None:
        seen = np.array([darkness_and_plainness(p.image) for p in usual])
        self._mean, self._deviation = seen.mean(axis=0), seen.std(axis=0)
        self._chance = np.random.default_rng(seed)

    def likes(self, picture: Picture) -> bool:
        dark, plain = (np.array(darkness_and_plainness(picture.image)) - self._mean) / self._deviation
        return bool(self._chance.random() < 1 / (1 + np.exp(-2 * (dark + plain))))


def wilson(liked: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, liked / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return round(middle - half, 3), round(middle + half, 3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--prompts", default="handbag,backpack,running shoes,watch")
    options = parser.parse_args()
    start = time.monotonic()
    settings = Settings(max_count=SHOWN * CANDIDATES)
    generation = Generation(settings, AttributeReader(settings))
    keeper = TasteKeeper(Recognition(settings))
    prompts = [text.strip() for text in options.prompts.split(",")]
    judged_at, tested = ((50, 200), 64) if options.quick else ((50, 200, 1000), 400)
    seed = 0

    def drawn(count: int) -> list[Picture]:
        nonlocal seed
        prompt, seed = prompts[seed // 1000 % len(prompts)], seed + 1000
        request = GenerationRequest(prompt=prompt, count=count, seed=seed, model=options.model, retry=False)
        return list(generation.generate(request))

    usual = [picture for _ in prompts for picture in drawn(16)]
    reviewer = Reviewer(usual, seed=1)
    steps = []
    with tempfile.TemporaryDirectory() as folder:
        judged: list[Judged] = []
        for votes in (0, *judged_at):
            while len(judged) < votes:
                for picture in drawn(SHOWN):
                    path = Path(folder) / f"{picture.id}.png"
                    picture.image.save(path)
                    judged.append(Judged(picture.id, path, picture.attributes, reviewer.likes(picture)))
            taste = keeper.learn(judged) if votes else None
            liked, shown, varieties = 0, 0, []
            while shown < tested:
                candidates = drawn(SHOWN * CANDIDATES) if taste else drawn(SHOWN)
                images, asked = [p.image for p in candidates], [p.attributes for p in candidates]
                chosen = keeper.choose(images, asked, SHOWN, seed)
                varieties.append(chosen.variety)
                liked += sum(reviewer.likes(candidates[i]) for i in chosen.numbers)
                shown += len(chosen.numbers)
            low, high = wilson(liked, shown)
            steps.append(
                {
                    "votes": len(judged) if votes else 0,
                    "approval": round(liked / shown, 3),
                    "low": low,
                    "high": high,
                    "shown": shown,
                    "variety": round(float(np.mean(varieties)), 3),
                    "held_out_auroc": round(taste.held_out, 3) if taste else None,
                }
            )
            print(steps[-1], flush=True)
    print(json.dumps({"steps": steps, "quick": options.quick, "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
