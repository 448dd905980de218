"""The scores by name: what each means, its unit, and which way is better. The keys of the JSON, the table and the plot.

Keys stay as they are once published; a changed definition gets a new key.
"""

from __future__ import annotations

from dataclasses import dataclass

LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True)
class Score:
    """`real` says which real photos get the value that stands beside that of the pictures: the floor or the ceiling."""

    label: str
    better: str
    unit: str
    meaning: str
    real: str


_IN_PLACE = "the training photos in whose place the pictures were drawn, against the same held-out photos"

_SCORES = {
    "fd": Score(
        "Fréchet distance",
        LOWER,
        "squared distance in the judge's features",
        "how far the pictures, as a cloud, are from held-out photos; also falls with more pictures or photos",
        _IN_PLACE,
    ),
    "kid": Score(
        "Kernel distance",
        LOWER,
        "squared distance in the judge's kernel space",
        "the same, unbiased: around 0 for real photos, whatever their number",
        _IN_PLACE,
    ),
    "detail_fd": Score(
        "Detail distance",
        LOWER,
        "squared distance in the judge's features",
        "the Fréchet distance of parts of the pictures at their full resolution, each as large as the judge's pictures",
        _IN_PLACE,
    ),
    "inception_fid": Score(
        "Inception FID",
        LOWER,
        "squared distance in the features of Inception v3",
        "the Fréchet distance as papers report it (small samples: compare with its floor only)",
        _IN_PLACE,
    ),
    "precision": Score(
        "Precision: looks real",
        HIGHER,
        "share, 0 to 1",
        "pictures that lie within reach of a held-out photo: do they look real?",
        _IN_PLACE,
    ),
    "density": Score(
        "Density: looks typical",
        HIGHER,
        "ratio, may be above 1",
        "how many held-out photos a picture is in reach of, over 5: above the photos' own it is more typical than they are",
        _IN_PLACE,
    ),
    "recall": Score(
        "Recall: could draw each photo",
        HIGHER,
        "share, 0 to 1",
        "held-out photos within reach of a picture: could it draw them all?",
        _IN_PLACE,
    ),
    "coverage": Score(
        "Coverage: draws all kinds",
        HIGHER,
        "share, 0 to 1",
        "held-out photos with a picture as near as their 5th neighbour",
        _IN_PLACE,
    ),
    "diversity": Score(
        "Variety within one condition",
        HIGHER,
        "ratio",
        "mean distance between pictures of the very same attributes, over that between held-out photos of them",
        "1 by definition",
    ),
    "near_copies_1": Score(
        "Nearer to a training photo than 99 % of new photos",
        LOWER,
        "share, 0 to 1",
        "pictures whose nearest training photo is nearer than the 1st percentile of held-out photos' nearest ones",
        "0.01 by definition",
    ),
    "near_copies_5": Score(
        "Nearer to a training photo than 95 % of new photos",
        LOWER,
        "share, 0 to 1",
        "pictures whose nearest training photo is nearer than the 5th percentile of held-out photos' nearest ones",
        "0.05 by definition",
    ),
}
_ACCURACY = "accuracy_"


def accuracy_key(attribute: str) -> str:
    """The key of an attribute's accuracy."""
    return _ACCURACY + attribute


def score(key: str) -> Score:
    """What is known of the score of this key; raises KeyError for one that is not a score's."""
    if key.startswith(_ACCURACY):
        attribute = key.removeprefix(_ACCURACY).replace("_", " ")
        return Score(
            f"{attribute.capitalize()} as asked",
            HIGHER,
            "share, 0 to 1",
            f"pictures in which the judge's first guess of the {attribute} is what was asked",
            "held-out photos, of which the judge gets no more right; above it, pictures are more typical than photos are",
        )
    return _SCORES[key]
