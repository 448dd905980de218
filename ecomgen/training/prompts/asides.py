"""Other colours and other products in a prompt, which do not count."""

from __future__ import annotations

from ecomgen.schema import Attributes
from ecomgen.training.prompts.picker import Picker
from ecomgen.training.prompts.wordings import (
    CORRECTIONS,
    CORRECTIONS_ZH,
    PART_FORMS,
    PART_FORMS_ZH,
    PARTS,
    PARTS_ZH,
    PATTERN_OF,
    SECOND,
    SECOND_ZH,
)


def mixed_colour(pick: Picker, words: dict[str, str], chosen: Attributes, chinese: bool) -> str:
    """The prompt's colour beside a second one, or after one that is not wanted; "" mostly.

    The first of two counts, and a ground with a pattern in another colour is of the ground's colour.
    """
    rng = pick.rng
    if "colour" not in words or rng.random() > 0.18:
        return ""
    colour, other = words["colour"], pick.other("colour", chinese, chosen)
    kind = rng.random()
    if kind < 0.4:
        forms = ("{}和{}", "{}配{}", "{}{}", "{}、{}", "{}加{}") if chinese else ("{} and {}", "{} & {}", "{} with {} trim", "{}/{}", "{}, {}", "{}-{}")  # fmt: skip
        return rng.choice(forms).format(colour, other)
    if kind < 0.75 or "pattern" in words or "pattern" not in pick.by_name:
        return rng.choice(CORRECTIONS_ZH if chinese else CORRECTIONS).format(bad=other, good=colour)
    pattern = rng.choice([p for p in PATTERN_OF if p in pick.values("pattern")] or [""])
    if not pattern:
        return ""
    chosen["pattern"] = pattern
    nouns, sign = PATTERN_OF[pattern]
    if chinese:
        return f"{colour.removesuffix('色')}底{other.removesuffix('色')}{sign}" + rng.choice(
            ("", "的", "纹的")
        )
    return f"{colour} with {other} {rng.choice(nouns)}"


def second_product(pick: Picker, product: str, chosen: Attributes, chinese: bool) -> str:
    """The product with another one, of which nothing counts."""
    rng = pick.rng
    if rng.random() > 0.06:
        return product
    other = pick.other("category", chinese, chosen)
    name = rng.choice(("colour", "colour", "material", "pattern", ""))
    if name in pick.by_name:
        other = f"{pick.word(pick.by_name[name], chinese)[0]}{'' if chinese else ' '}{other}"
    return rng.choice(SECOND_ZH if chinese else SECOND).format(a=product, b=other)


def coloured_part(pick: Picker, product: str, chinese: bool) -> str:
    """The product with a part in a colour of its own, which does not count."""
    rng = pick.rng
    if rng.random() > 0.06 or "colour" not in pick.by_name:
        return product
    colour, part = (
        pick.word(pick.by_name["colour"], chinese)[0],
        rng.choice(PARTS_ZH if chinese else PARTS),
    )
    if rng.random() < 0.15:
        return f"{colour}{part}的{product}" if chinese else f"{colour} {part} on the {product}"
    form = rng.choice(PART_FORMS_ZH if chinese else PART_FORMS).format(c=colour, p=part)
    return f"{product}{form}" if chinese or form.startswith(",") else f"{product} {form}"
