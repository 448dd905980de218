"""The bundled checkpoint against its targets: what it draws, beside what real photos get in the same measure.

    python benchmarks/quality.py [--quick] [--model default] [--data ../shared/data/fashion-80.zip]

The last line is one JSON object. It is `ecomgen evaluate`, whose README section says how each score is taken, with a verdict on
each: `--quick` draws 500 pictures instead of 2,000 and looks at 2,500 training photos instead of all, for an
answer within a minute on two cores; floors are of the same sizes, so the ratios stay comparable, but noisier. The
first three targets are of the Fréchet and kernel distance to the floor, of which the project is on the way to the
first; what `lightweight-gan` reaches with the same minutes is benchmarks/peers.py. Exit status 0 whatever the verdicts.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecomgen.services.evaluation import EvaluationRequest, evaluate
from ecomgen.settings import Settings

_SAMPLING_ERRORS = 2.0  # a share of few pictures may be so many standard errors above its limit


@dataclass(frozen=True)
class Target:
    """`at_least`, or else at most, `limit`; `value` is None where it was not measured."""

    name: str
    value: float | None
    limit: float
    at_least: bool
    shown: str

    @property
    def passed(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def ratio(scores: dict[str, Any], key: str) -> float | None:
    """Generated over real; None where either is not measured, or real is around 0 and the ratio says nothing."""
    if key not in scores or scores[key]["real"] <= scores[key].get("real_error", 0.0):
        return None
    return scores[key]["generated"] / scores[key]["real"]


def targets(result: dict[str, Any]) -> list[Target]:
    """What issue 4 asks of a checkpoint, and what this one has."""
    scores, n = result["scores"], result["sizes"]["pictures"]
    fd, kid, detail = scores["fd"], scores["kid"], scores.get("detail_fd")
    found = [
        Target("pixels", result["sizes"]["picture_px"], 128, True, f"{result['sizes']['picture_px']} px"),
        Target("fd_over_floor", ratio(scores, "fd"), 2.0, False, f"{fd['generated']:.4g} / {fd['real']:.4g}"),
        Target(
            "kid_over_floor", ratio(scores, "kid"), 2.0, False, f"{kid['generated']:.4g} / {kid['real']:.4g}"
        ),
        Target(
            "detail_over_floor",
            ratio(scores, "detail_fd"),
            2.0,
            False,
            f"{detail['generated']:.4g} / {detail['real']:.4g}" if detail else "no larger photos, or 64 px",
        ),
    ]
    for attribute, limit in (("category", 0.95), ("colour", 0.90)):
        share, of = scores[f"accuracy_{attribute}"], result["accuracy"][attribute]["share_of_ceiling"]
        shown = f"{share['generated']:.1%} / {share['real']:.1%}"
        found.append(Target(f"{attribute}_of_ceiling", of, limit, True, shown))
    diversity = scores.get("diversity")
    value = diversity["generated"] if diversity else None
    found.append(Target("diversity_of_real", value, 0.70, True, "within one condition"))
    for percent in (1, 5):
        share = scores[f"near_copies_{percent}"]["generated"]
        allowed = percent / 100
        limit = allowed + _SAMPLING_ERRORS * (allowed * (1 - allowed) / n) ** 0.5
        found.append(
            Target(f"near_copies_{percent}", share, round(limit, 4), False, f"{allowed:.0%} of new photos")
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer pictures and photos, under a minute")
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fashion-80.zip"))
    parser.add_argument("--psi", type=float, default=0.8)
    options = parser.parse_args()
    request = EvaluationRequest(
        data=options.data,
        model=options.model,
        psi=options.psi,
        pictures=500 if options.quick else 2000,
        training_photos=2500 if options.quick else None,
    )
    start = time.monotonic()
    told: list[str] = []

    def progress(what: str, share: float) -> None:
        if told[-1:] != [what]:
            told.append(what)
            print(f"{time.monotonic() - start:5.0f} s  {what}", file=sys.stderr, flush=True)

    result = evaluate(request, Settings(), progress)
    seconds = time.monotonic() - start
    found = targets(result)
    words = {True: "pass", False: "FAIL", None: "not measured"}
    for target in found:
        value = f"{target.value:.4g}" if target.value is not None else "-"
        limit = f"{'at least' if target.at_least else 'at most'} {target.limit:g}"
        print(f"{target.name:20} {value:>8}  {limit:15} {words[target.passed]:13} {target.shown}")
    print(
        json.dumps(
            {
                "model": result["model"],
                "hash": result["model_hash"],
                "targets": {
                    t.name: {
                        "value": t.value and round(t.value, 4),
                        "at_least" if t.at_least else "at_most": t.limit,
                        "pass": t.passed,
                    }
                    for t in found
                },
                "passed": sum(t.passed is True for t in found),
                "failed": sum(t.passed is False for t in found),
                "scores": result["scores"],
                "halves": result["halves"],
                "sizes": result["sizes"],
                "pictures_per_second": result["speed"]["images_per_second"],
                "quick": options.quick,
                "seconds": round(seconds, 1),
                "load": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
