"""Does the picture show what was asked, in the eyes of the judge?"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from ecomgen.models.recogniser import Recogniser, class_numbers
from ecomgen.schema import Attributes


class Accuracy(NamedTuple):
    """The share, 0 to 1, of the pictures that say something of the attribute, and how many those are."""

    share: float
    pictures: int

    @property
    def error(self) -> float:
        """Standard error of the share."""
        return math.sqrt(self.share * (1 - self.share) / self.pictures)


def shared_values(judge: Recogniser, learnt: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Attribute -> the values that both the judge and whoever has `learnt` tell apart; at least two, or nothing is asked."""
    both = {name: set(values) & set(learnt.get(name, ())) for name, values in judge.config.values.items()}
    return {name: values for name, values in both.items() if len(values) > 1}


def attribute_accuracy(
    judge: Recogniser, features: Tensor, attributes: Sequence[Attributes], values: Mapping[str, set[str]]
) -> dict[str, Accuracy]:
    """Backbone features [n, d] of pictures and what they should show -> how often the judge's first guess is just that.

    Of each attribute only pictures that should show one of its `values` count; without any it is left out.
    """
    logits = judge.logits(features.float())
    truth = class_numbers(judge.config, attributes)
    result = {}
    for name, counted in values.items():
        rows = [i for i, chosen in enumerate(attributes) if chosen.get(name) in counted]
        if rows:
            right = logits[name][rows].argmax(1) == truth[name][rows]
            result[name] = Accuracy(float(right.double().mean()), len(rows))
    return result
