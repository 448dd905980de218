"""Is a prompt understood? Held-out titles, free prompts in both languages, and what a keyword matcher makes of the same.

    python benchmarks/understanding.py [--quick] [--data ../shared/data/fashion-80.zip] [--checkpoints FOLDER]

- Titles: of products that no network was trained on; right is what the title says (word search, so that brands say nothing),
  and, apart from that, the metadata column where the title has a word for that attribute.
- Free prompts: tests/services/free_prompts.jsonl, written by hand before the training texts, which do not hold them.
  Only what is said is labelled. Of two products the first counts, with what is said of it; of a thing in several colours the
  colour of its body; "shoes" alone are casual shoes, "bag" alone is a handbag. "may" lists what a wording implies
  without saying it: right to assert, right to leave out.
- The keyword matcher is ecomgen's own word search with the same schema (whole words, longest first, simple negations).
  "Beyond its list" are those asserted attributes of free prompts for which it finds no word at all, right or wrong, and
  held-out titles with one slip of the fingers in every word that it knows.
- False assertions: shares of the attributes that nothing was said about and that came back with a value.
- ECE: expected calibration error of the confidence, 15 bins.

"merged" counts the categories in ecomgen.training.merged as one. The last line is one JSON object.
--quick reads 500 titles instead of all.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torchmetrics.functional.classification import binary_calibration_error

from ecomgen.data.products import is_held_out, read_products
from ecomgen.schema import Attributes, default_schema, fold
from ecomgen.services.attributes import AttributeReader, Reading
from ecomgen.settings import Settings
from ecomgen.training.lexicon import Lexicon
from ecomgen.training.merged import MERGED, merged
from ecomgen.training.text import title_attributes

FREE_PROMPTS = Path(__file__).parents[1] / "tests" / "services" / "free_prompts.jsonl"
SHOWN = ("category", "colour", "audience")
_BESIDE = dict(
    zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioposdfghjklkxcvbnmn", strict=True)
)  # a key beside each

Reader = Callable[[str], dict[str, Reading]]


@dataclass(frozen=True)
class Item:
    """A text, what it says, and what it implies without saying; attributes that are not in `asked` are not judged."""

    text: str
    said: Attributes
    may: dict[str, list[str]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


def judge(read: Reader, items: Sequence[Item], names: Sequence[str]) -> dict[str, float | int | None]:
    """Shares of right answers where something is said, and of assertions where nothing is; calibration of both together."""
    right: dict[str, list[bool]] = {name: [] for name in (*names, "category_merged")}
    false: dict[str, list[bool]] = {name: [] for name in names}
    sure: dict[str, list[tuple[float, bool]]] = {name: [] for name in names}
    for item in items:
        readings = read(item.text)
        for name in item.asked or names:
            got, wanted = readings[name].value, item.said.get(name)
            if wanted is not None:
                right[name].append(got == wanted)
                if name == "category":
                    right["category_merged"].append(
                        merged("category", got or "") == merged("category", wanted)
                    )
            elif got not in item.may.get(name, []):
                false[name].append(got is not None)
            good = got == wanted or (wanted is None and got in item.may.get(name, []))
            sure[name].append((readings[name].confidence, good))
    result: dict[str, float | int | None] = {"texts": len(items)}
    for name, hits in right.items():
        if hits:
            result[name] = _percent(hits)
            result[f"{name}_asserted"] = len(hits)
    everything = [hit for hits in false.values() for hit in hits]
    if everything:
        result["false_assertions"] = _percent(everything)
        result["false_assertions_worst_attribute"] = max(_percent(hits) for hits in false.values() if hits)
        result["false_assertions_category"] = _percent(false["category"]) if false["category"] else None
        result["false_assertions_colour"] = _percent(false["colour"]) if false["colour"] else None
    for name in ("category", "colour"):
        result[f"ece_{name}"] = calibration_error(sure[name])
    result["ece"] = calibration_error([pair for pairs in sure.values() for pair in pairs])
    return result


def calibration_error(sure: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error in percent of (confidence, whether it was right)."""
    if not sure:
        return None
    confidence, right = (torch.tensor(part) for part in zip(*sure, strict=True))
    return round(100 * float(binary_calibration_error(confidence.float(), right.int(), n_bins=15)), 2)


def _percent(hits: Sequence[bool]) -> float:
    return round(100 * sum(hits) / len(hits), 2)


def slip(word: str, rng: random.Random) -> str:
    """One slip on a keyboard, not in the first letter: a key beside, left out, twice, or two in the wrong order."""
    i = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:i] + _BESIDE.get(word[i], "e") + word[i + 1 :],
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
        )
    )


def misspelt_titles(items: Sequence[Item], lexicon: Lexicon) -> list[Item]:
    """The titles with one slip in each word of four letters or more that the matcher knows; what it then finds nothing for is asked."""
    rng, result = random.Random(5), []
    for item in items:
        words = []
        for word in fold(item.text).split():
            known = word.isalpha() and len(word) > 3 and any(lexicon.read(word).values())
            words.append(slip(word, rng) if known else word)
        text = " ".join(words)
        found = {match.attribute for match in lexicon.matches(text)}
        asked = tuple(n for n in SHOWN if item.said.get(n) is not None and n not in found)
        if asked:
            result.append(Item(text, item.said, asked=asked))
    return result


def read_titles(data: Path, lexicon: Lexicon, most: int) -> tuple[list[Item], list[Item]]:
    """Held-out titles with what they say, and with the metadata columns of what they have a word for."""
    products = [
        p for p in read_products(data, lexicon.schema).products if p.title and is_held_out(p.name, 0.05)
    ]
    random.Random(0).shuffle(products)
    said, columns = [], []
    for product in products[:most]:
        wanted = title_attributes(lexicon, product.title, product.attributes)
        said.append(Item(product.title, wanted))
        asked = tuple(n for n in SHOWN if wanted[n] is not None and product.attributes[n] is not None)
        if asked:
            columns.append(Item(product.title, product.attributes, asked=asked))
    return said, columns


def read_free() -> list[Item]:
    """The free prompts."""
    lines = [json.loads(line) for line in FREE_PROMPTS.read_text(encoding="utf-8").splitlines()]
    return [Item(line["prompt"], line["attributes"], line.get("may", {})) for line in lines]


def is_chinese(text: str) -> bool:
    """Whether a text has any Chinese in it; mixed ones count as Chinese."""
    return any("\u3400" <= c <= "\u9fff" for c in text)


def milliseconds(read: Reader, texts: Sequence[str]) -> dict[str, float]:
    """Of one prompt on one core, after a warm-up."""
    torch.set_num_threads(1)
    for text in texts[:20]:
        read(text)
    times = []
    for text in texts:
        start = time.perf_counter()
        read(text)
        times.append(1000 * (time.perf_counter() - start))
    times.sort()
    return {"median": round(statistics.median(times), 2), "p95": round(times[int(0.95 * len(times))], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="500 titles, under a minute")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fashion-80.zip"))
    parser.add_argument(
        "--checkpoints", type=Path, help="folder that holds text/, the bundled one by default"
    )
    parser.add_argument("--errors", action="store_true", help="print the free prompts that are read wrongly")
    options = parser.parse_args()
    start = time.time()
    settings = Settings(checkpoints=options.checkpoints) if options.checkpoints else Settings()
    schema = default_schema()
    reader, lexicon = AttributeReader(settings, schema), Lexicon(schema)
    reader.load()

    def match(text: str) -> dict[str, Reading]:
        return {name: Reading(value, 1.0) for name, value in lexicon.read(text).items()}

    free = read_free()
    english, chinese = ([i for i in free if is_chinese(i.text) == flag] for flag in (False, True))
    unknown = [
        Item(i.text, i.said, asked=asked)
        for i in free
        if (asked := tuple(n for n in i.said if n not in {m.attribute for m in lexicon.matches(i.text)}))
    ]
    titles, columns = (
        read_titles(options.data, lexicon, 500 if options.quick else 10**9)
        if options.data.exists()
        else ([], [])
    )
    sets = {
        "free_prompts": free,
        "free_prompts_english": english,
        "free_prompts_chinese_and_mixed": chinese,
        "free_prompts_beyond_the_matchers_list": unknown,
        "held_out_titles": titles,
        "held_out_titles_against_columns": columns,
        "misspelt_titles_beyond_the_matchers_list": misspelt_titles(titles, lexicon),
    }
    result: dict[str, object] = {"encoder": reader.encoder_hash}
    for name, items in sets.items():
        if not items:
            continue
        names = SHOWN if name.startswith("held") else schema.names
        ours, theirs = judge(reader.read, items, names), judge(match, items, names)
        print(f"{name} ({len(items)})")
        for key, value in ours.items():
            if key != "texts":
                print(f"  {key:40} {value!s:>8}   keyword matcher {theirs.get(key)!s:>8}")
        result[name] = ours
        result[f"{name}_keyword_matcher"] = {k: v for k, v in theirs.items() if not k.startswith("ece")}
    if options.errors:
        print_errors(reader.read, free, schema.names)
    result["merged"] = MERGED["category"]
    result["milliseconds_a_prompt_on_one_core"] = milliseconds(reader.read, [i.text for i in free[:200]])
    print(f"{result['milliseconds_a_prompt_on_one_core']} ms a prompt; {time.time() - start:.0f} s in all")
    print(json.dumps(result, ensure_ascii=False))


def print_errors(read: Reader, items: Sequence[Item], names: Sequence[str]) -> None:
    """Each free prompt that is read wrongly, with what was wanted and what came."""
    for item in items:
        for name, reading in read(item.text).items():
            wanted = item.said.get(name)
            if reading.value != wanted and not (wanted is None and reading.value in item.may.get(name, [])):
                print(f"{item.text} | {name}: wanted {wanted}, got {reading.value} ({reading.confidence})")


if __name__ == "__main__":
    main()
