"""A prompt in Chinese from the words that it has to hold."""

from __future__ import annotations

from ecomgen.schema import Attributes
from ecomgen.training.prompts.asides import coloured_part, mixed_colour, second_product
from ecomgen.training.prompts.fillers import Fillers
from ecomgen.training.prompts.phrases import FORMS_ZH
from ecomgen.training.prompts.picker import Picker
from ecomgen.training.prompts.wordings import PERSON_FORMS_ZH, USAGE_FORMS_ZH


def in_chinese(
    pick: Picker, fillers: Fillers, words: dict[str, str], chosen: Attributes, described: str
) -> str:
    """The words in a prompt that asks for them; `described` stands for, or behind, the product's name."""
    rng = pick.rng
    front, back = _around(pick, words, chosen)
    product = words.get("category", "")
    if described:
        product = described + product
    elif product:
        product = second_product(pick, product, chosen, True)
    else:
        product = rng.choice(("", "", "", "东西", "款", "那种"))
    if "category" in words:
        product = coloured_part(pick, product, True)
        if rng.random() < 0.2:
            modifier = fillers.modifier(True) + rng.choice(("", "的"))
            front.insert(rng.randint(0, len(front)), modifier)
    parts = [*front, *([product] if product else []), *back]
    if rng.random() < 0.2:
        rng.shuffle(parts)
    fillers.insert(parts, chosen, True)
    joint = rng.choice((" ", "，", "、", "", " ")) if rng.random() < 0.25 else ""
    return fillers.among_sentences(joint.join(parts), True)


def _around(pick: Picker, words: dict[str, str], chosen: Attributes) -> tuple[list[str], list[str]]:
    """What is said about the product: in front of it, behind it."""
    rng = pick.rng
    front: list[str] = []
    back: list[str] = []
    mixed = mixed_colour(pick, words, chosen, True)
    for name, word in words.items():
        if name == "category":
            continue
        if name == "audience" and rng.random() < 0.45 and word[0] not in "给适":
            front.insert(0, rng.choice(PERSON_FORMS_ZH).format(word))
        elif name in ("usage", "season") and rng.random() < 0.35:
            front.append(rng.choice(USAGE_FORMS_ZH).format(word))
        elif name == "colour" and mixed:
            front.append(mixed)
        elif rng.random() < 0.75:
            joint = "的" if rng.random() < 0.4 and not word.endswith("的") else ""
            for_whom = name in ("audience", "season") and word[0] not in "给适"
            front.append((rng.choice(("给", "适合", "")) if for_whom else "") + word + joint)
        else:
            back.append(rng.choice(FORMS_ZH.get(name, ("带{}",))).format(word))
    rng.shuffle(front)
    rng.shuffle(back)
    return front, back
