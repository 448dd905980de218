"""What the model card says of a fine-tuning, in plain sentences."""

import torch

from ecomgen.services.gain_report import keep_pairs, told

GAIN = {"base": "default", "photos": 50, "generated": 0}
SHARES = {
    "right_base": [0.9, 0.02],
    "right_tuned": [0.6, 0.03],
    "kid": [0.05, 0.001],
    "kid_floor": [0.001, 0.001],
}


def card(**changes: object) -> str:
    return " ".join(told({**GAIN, **changes}))


def test_what_was_forgotten_is_said_by_name() -> None:
    lost = card(forgotten={"attribute": "category", "kept": [], "lost": ["caps", "ties"]})
    assert (
        "of the 2 category words that `default` knows it keeps none; caps, ties mean nothing to it any more"
        in lost
    )
    some = card(forgotten={"attribute": "category", "kept": ["caps"], "lost": ["ties"], **SHARES})
    assert "it keeps 1; ties mean nothing" in some
    assert "60% of its pictures (90% before)" in some
    seen = card(
        forgotten={
            "attribute": "category",
            "kept": ["caps"],
            "lost": [],
            **SHARES,
            "right_photos": [0.7, 0.1],
        }
    )
    assert "(90% before; 70% of the photos of these words that it was taught)" in seen
    assert "0.0500 ± 0.0010 from those of `default`" in some
    none = card(
        forgotten={"attribute": "category", "kept": ["caps"], "lost": [], **SHARES, "right_base": None}
    )
    assert "still knows all 1" in none
    assert "%" not in none
    photos = {"held_out": 7, "kid_base": [0.1, 0.01], "kid_tuned": [None, None], "kid_photos": [0.0, 0.01]}
    told_of = card(
        forgotten={"attribute": "category", "kept": ["caps"], "lost": [], **SHARES, "photos": photos}
    )
    assert (
        "7 held-out photos of the base's own set: base 0.1000 ± 0.0100, this checkpoint not measured"
        in told_of
    )
    many = card(forgotten={"attribute": "category", "kept": [], "lost": [f"word{i}" for i in range(30)]})
    assert "word11 and 18 more" in many


def test_pictures_that_were_learnt_from_are_no_photos() -> None:
    assert card() == ""  # an older run that measured nothing more
    assert "12 of these 50 photos are generated pictures that people liked" in card(generated=12)
    assert "the distances above say nothing of real photos" in card(generated=50)


def test_pairs_are_kept_as_pictures_of_our_own(tmp_path) -> None:
    show = keep_pairs(tmp_path)
    show(0, torch.zeros(8, 8, 3, dtype=torch.uint8), torch.ones(4, 4, 3, dtype=torch.uint8))
    assert {path.name for path in (tmp_path / "pairs").iterdir()} == {"0-picture.png", "0-photo.png"}
