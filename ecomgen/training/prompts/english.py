"""A prompt in English from the words that it has to hold."""

from __future__ import annotations

from ecomgen.schema import Attributes
from ecomgen.training.prompts.asides import coloured_part, mixed_colour, second_product
from ecomgen.training.prompts.fillers import Fillers
from ecomgen.training.prompts.phrases import FORMS
from ecomgen.training.prompts.picker import Picker
from ecomgen.training.prompts.wordings import CORRECTION_SENTENCES, PERSON_FORMS


def in_english(
    pick: Picker, fillers: Fillers, words: dict[str, str], chosen: Attributes, described: str
) -> str:
    """The words in a prompt that asks for them; `described` stands for, or behind, the product's name."""
    rng = pick.rng
    ahead, front, back = _around(pick, words, chosen)
    product = words.get("category", "")
    if described:
        if product in ("something", "anything", "a thing", "stuff", "one"):  # "something red to run in"
            product, front = " ".join((product, *front)), []
        product = f"{product} {described}"
    elif product and "colour" in words and rng.random() < 0.04:
        good = words["colour"]
        front, back = ([part for part in parts if good not in part] for parts in (front, back))
        bad = pick.other("colour", False, chosen)
        product = rng.choice(CORRECTION_SENTENCES).format(bad=bad, good=good, p=product)
    elif product:
        product = second_product(pick, product, chosen, False)
    else:
        product = rng.choice(("", "", "something", "anything", "ones", "one"))
    if "category" in words:
        product = coloured_part(pick, product, False)
        if rng.random() < 0.2:
            front.insert(rng.randint(0, len(front)), fillers.modifier(False))
    parts = [*ahead, *front, *([product] if product else []), *back]
    style = rng.random()
    if style < 0.2:  # tags
        rng.shuffle(parts)
    fillers.insert(parts, chosen, False)
    joint = rng.choice((", ", " / ", " - ", " #", "; ", " ", " ", ". ")) if style < 0.12 else " "
    return fillers.among_sentences(joint.join(parts).replace(" ,", ","), False)


def _around(
    pick: Picker, words: dict[str, str], chosen: Attributes
) -> tuple[list[str], list[str], list[str]]:
    """What is said about the product: far ahead of it, right in front of it, behind it."""
    rng = pick.rng
    ahead: list[str] = []
    front: list[str] = []
    back: list[str] = []
    mixed = mixed_colour(pick, words, chosen, False)
    for name, word in words.items():
        if name == "category":
            continue
        person = name == "audience" and word.isalpha() and chosen["audience"] not in ("unisex", "kids")
        if word.startswith(("for ", "with ", "in ", "on a ")):
            (ahead if rng.random() < 0.1 else back).append(word)
        elif name == "audience" and (word.startswith("my ") or (person and rng.random() < 0.5)):
            of = rng.choice(("my", "my", "the", "a", "our", "her", "his"))
            who = word if word.startswith("my ") or word in ("men", "women") else f"{of} {word}"
            (ahead if rng.random() < 0.5 else back).append(rng.choice(PERSON_FORMS).format(who))
        elif name == "colour" and mixed:
            (front if rng.random() < 0.8 else back).append(mixed)
        elif rng.random() < 0.65:
            coloured = name == "colour" and rng.random() < 0.08
            front.append(word + rng.choice((" coloured", "-coloured", " colored")) if coloured else word)
        else:
            back.append(rng.choice(FORMS.get(name, ("with {}",))).format(word))
    rng.shuffle(front)
    rng.shuffle(back)
    return ahead, front, back
