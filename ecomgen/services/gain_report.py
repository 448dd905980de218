"""What a fine-tuning brought and cost, for people: the nearest pairs as pictures, and sentences for the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from ecomgen.training.gain import ShowPair

PAIRS = "pairs"
"""The folder, beside a fine-tuned checkpoint, of what may be copies: <n>-picture.png and <n>-photo.png."""

_NAMED = 12


def keep_pairs(out: Path) -> ShowPair:
    """Writes each pair into the checkpoint's folder; they are no part of what is published or packed."""
    from PIL import Image

    folder = out / PAIRS
    folder.mkdir(exist_ok=True)

    def keep(i: int, picture: Tensor, photo: Tensor) -> None:
        for name, pixels in (("picture", picture), ("photo", photo)):
            Image.fromarray(pixels.numpy()).save(folder / f"{i}-{name}.png")

    return keep


def told(gain: Mapping[str, Any]) -> list[str]:
    """Paragraphs for the model card: what it learnt from that is no photo, and what it has forgotten."""
    generated, photos = gain.get("generated", 0), gain["photos"]
    lines = []
    if generated:
        all_of = "All" if generated == photos else f"{generated:,}"
        lines.append(
            f"{all_of} of these {photos:,} photos are generated pictures that people liked, not photographs, each learnt from "
            "as often as its votes say."
            + (
                " So were the held-out ones: the distances below say nothing of real photos."
                if generated == photos
                else ""
            )
        )
    lines += _forgotten(gain.get("forgotten") or {}, gain.get("base", "its base"))
    return [part for line in lines for part in (line, "")]


def _forgotten(told: Mapping[str, Any], base: str) -> list[str]:
    kept, lost = told.get("kept", []), told.get("lost", [])
    if not kept and not lost:
        return []
    name, all_words = told["attribute"], len(kept) + len(lost)
    lines = []
    if lost:
        lines.append(
            f"Forgotten: of the {all_words} {name} words that `{base}` knows it {'keeps ' + str(len(kept)) if kept else 'keeps none'}; "
            f"{_listed(lost)} mean nothing to it any more."
        )
    else:
        lines.append(f"It still knows all {all_words} {name} words of `{base}`.")
    if kept:
        right = (
            f"the judge sees what was asked for in {_share(told['right_tuned'])} of its pictures ({_share(told['right_base'])} before), and "
            if told.get("right_base") and told.get("right_tuned")
            else ""
        )
        lines.append(
            f"Asked for the words that both know ({_listed(kept)}), {right}its pictures are at a kernel distance of {_value(told['kid'])} "
            f"from those of `{base}` (other pictures of `{base}`: {_value(told['kid_floor'])})."
        )
    if photos := told.get("photos"):
        lines.append(
            f"Kernel distance to {photos['held_out']:,} held-out photos of the base's own set: base {_value(photos['kid_base'])}, "
            f"this checkpoint {_value(photos['kid_tuned'])}, training photos of that set {_value(photos['kid_photos'])}."
        )
    return lines


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _NAMED
    return ", ".join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _share(value_and_error: Sequence[float]) -> str:
    return f"{value_and_error[0]:.0%}"


def _value(value_and_error: Sequence[float | None]) -> str:
    value, error = value_and_error
    return "not measured" if value is None or error is None else f"{value:.4f} ± {error:.4f}"
