"""Are forbidden words found in disguise, and ordinary prompts let through? The policy that ships with ecomgen, on two sets.

    python benchmarks/guards.py [--quick] [--show]

- Disguises: every word of the policy's topics in each of ten ways (benchmarks/disguises.py), in a prompt; and, apart from
  that, English words in spellings that sound the same, Chinese words with characters of the same sound and tone.
- Ordinary prompts: benchmarks/guards/ordinary.txt. Its first 600 or so were written by hand to be mistaken (words within
  words, double meanings, Chinese words that run into each other) and the policy's list of innocent phrases was made with
  them in view, lines that held listed words taken out; then come the free prompts of the tests, then prompts from
  ecomgen.training.prompts; two words were allowed for those. So the share is how well the list fits, not a forecast.
- Fresh prompts: benchmarks/guards/fresh.txt, more of the kind that is written to be mistaken, when the policy was settled, and pruned by
  hand. At first sight 18 of 171 were blocked; 14 innocent Chinese words were then allowed for them.
- The keyword list: what whole words and substrings alone would find.
- Milliseconds for each ordinary prompt, on one thread.

The last line is one JSON object. --quick: a third of the disguises; --show prints what was judged wrongly.
"""

import argparse
import json
import random
import re
import statistics
import time
from collections import Counter
from pathlib import Path

from disguises import CHINESE, ENGLISH, example, homophones, sounding

from ecomgen.errors import PolicyRefusal
from ecomgen.services.guard import Guard
from ecomgen.settings import Settings

ORDINARY = Path(__file__).parent / "guards" / "ordinary.txt"
FRESH = ORDINARY.with_name("fresh.txt")


def blocked(guard, text):
    """Whether the guard refuses the prompt."""
    try:
        guard.check_prompt(text)
    except PolicyRefusal:
        return True
    return False


def share(found, of):
    return round(found / of, 4) if of else None


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="a third of the disguises")
    options.add_argument("--show", action="store_true", help="print what was judged wrongly")
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    begun, rng, guard = time.monotonic(), random.Random(asked.seed), Guard(Settings())
    guard.check_prompt("red shoes")
    terms = [term for topic in guard.policy.topics for term in topic.terms]
    listed = re.compile(
        "|".join(rf"\b{re.escape(t)}s?\b" if t.isascii() else t for t in terms), re.IGNORECASE
    )

    tried, found, plainly = Counter(), Counter(), Counter()

    def attempt(way, term, disguised):
        text = example(term, rng, disguised)
        tried[way] += 1
        plainly[way] += bool(listed.search(text))
        if blocked(guard, text):
            found[way] += 1
        elif asked.show:
            print(f"not blocked  {way:12} {term}: {text!r}")

    for number, term in enumerate(terms):
        ways = ENGLISH if term.isascii() else CHINESE
        for place, way in enumerate(ways):
            if not asked.quick or (number + place) % 3 == 0:
                attempt(way.__name__, term, way(term, rng))
    ten = list(tried)
    for term in terms[:: 2 if asked.quick else 1]:
        kinds = {"sounding": sounding} if term.isascii() else {
            "homophones": homophones, "off_tone": lambda word, chance: homophones(word, chance, tones=False)
        }  # fmt: skip
        for name, way in kinds.items():
            for _ in range(5):
                disguised = way(term, rng)
                if disguised:
                    attempt(name, term, disguised)

    spent, wrong = [], []
    prompts = ORDINARY.read_text(encoding="utf-8").splitlines()
    for prompt in prompts:
        start = time.perf_counter()
        if blocked(guard, prompt):
            wrong.append(prompt)
        spent.append((time.perf_counter() - start) * 1000)
    fresh = FRESH.read_text(encoding="utf-8").splitlines()
    fresh_wrong = [prompt for prompt in fresh if blocked(guard, prompt)]
    if asked.show:
        wrong_ones = [*wrong, *fresh_wrong]
        print(*(f"wrongly blocked  {prompt}" for prompt in wrong_ones), sep="\n")
    for way in tried:
        print(f"{way:14} {found[way]:5} of {tried[way]:5} blocked; {plainly[way]:5} by a plain list")
    alike = ("sounding", "homophones")
    print(
        json.dumps(
            {
                "terms": len(terms),
                "disguised": sum(tried[way] for way in ten),
                "blocked": share(sum(found[way] for way in ten), sum(tried[way] for way in ten)),
                "blocked_by_plain_list": share(
                    sum(plainly[way] for way in ten), sum(tried[way] for way in ten)
                ),
                "homophones": sum(tried[way] for way in alike),
                "homophones_blocked": share(sum(found[w] for w in alike), sum(tried[w] for w in alike)),
                "homophones_english_blocked": share(found["sounding"], tried["sounding"]),
                "homophones_chinese_blocked": share(found["homophones"], tried["homophones"]),
                "homophones_of_other_tones_blocked": share(found["off_tone"], tried["off_tone"]),
                "ordinary": len(prompts),
                "wrongly_blocked": share(len(wrong), len(prompts)),
                "wrongly_blocked_by_plain_list": share(
                    sum(bool(listed.search(p)) for p in prompts), len(prompts)
                ),
                "fresh": len(fresh),
                "fresh_wrongly_blocked": len(fresh_wrong),
                "ms_median": round(statistics.median(spent), 2),
                "ms_p95": round(statistics.quantiles(spent, n=20)[-1], 2),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
