"""The table, the plot and the files of an evaluation."""

import json
from pathlib import Path

import pytest
from PIL import Image

from ecomgen.errors import InvalidRequest
from ecomgen.services.scoreboard import check_table, save_json, save_plot, table, write_table

LEGEND = {"label": "Kernel distance", "better": "lower", "unit": "squared distance"}
RESULT = {
    "model": "mine",
    "model_hash": "abc",
    "judge_hash": "def",
    "set": "shop.zip",
    "psi": 0.8,
    "seed": 0,
    "sizes": {"pictures": 2000, "held_out_photos": 840, "picture_px": 64},
    "speed": {"images_per_second": 41.26, "device": "cpu", "threads": 2, "memory_mb": 1724},
    "scores": {
        "kid": {"generated": 0.0123, "real": -0.0004, "generated_error": 0.002, "real_error": 0.0001},
        "accuracy_colour": {"generated": 0.745, "real": 0.61, "generated_error": 0.011, "real_error": 0.02},
        "near_copies_1": {"generated": 0.012, "real": 0.01},
        "precision": {"generated": 0.5, "real": 0.9},
        "diversity": {"generated": 0.71, "real": 1.0},
    },
    "legend": {
        "kid": LEGEND,
        "accuracy_colour": {"label": "Colour as asked", "better": "higher", "unit": "share, 0 to 1"},
        "near_copies_1": {"label": "Near", "better": "lower", "unit": "share, 0 to 1"},
        "precision": {"label": "Precision", "better": "higher", "unit": "share, 0 to 1"},
        "diversity": {"label": "Variety", "better": "higher", "unit": "ratio"},
    },
}


def test_the_table_has_a_row_a_score() -> None:
    lines = table(RESULT).splitlines()
    assert lines[2] == "| Kernel distance | 0.0123 ± 0.002 | -0.0004 ± 0.0001 | lower |"
    assert lines[3] == "| Colour as asked | 74.5 ± 1.1 % | 61.0 ± 2.0 % | higher |"
    assert lines[4] == "| Near | 1.2 % | 1.0 % | lower |"
    assert "2,000 pictures at 64 px" in lines[-1]
    assert "840 held-out photos of shop.zip" in lines[-1]


def test_the_table_replaces_what_stands_between_the_markers_and_nothing_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "# Shop `<!-- scores -->`\n\n<!-- scores -->\nold <b>\n<!-- /scores -->\n\nThe end é\n",
        encoding="utf-8",
    )
    for _ in range(2):  # again, and nothing moves
        write_table(RESULT, readme)
        text = readme.read_text(encoding="utf-8")
        assert (
            text
            == f"# Shop `<!-- scores -->`\n\n<!-- scores -->\n{table(RESULT)}\n<!-- /scores -->\n\nThe end é\n"
        )


@pytest.mark.parametrize(
    "text",
    ["", "<!-- scores -->", "<!-- /scores -->\n<!-- scores -->", "`<!-- scores -->` `<!-- /scores -->`"],
)
def test_a_readme_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    for act in (check_table, lambda path: write_table(RESULT, path)):
        with pytest.raises(InvalidRequest, match="has no place for the scores"):
            act(readme)
    assert readme.read_text() == text


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    save_plot(RESULT, tmp_path / "new" / "plot.png")
    with Image.open(tmp_path / "new" / "plot.png") as image:
        assert image.format == "PNG"
        assert (68, 87, 214) in [colour for _, colour in image.convert("RGB").getcolors(1 << 20)]


def test_the_file_can_be_read_back(tmp_path: Path) -> None:
    save_json(RESULT, tmp_path / "new" / "scores.json")
    assert json.loads((tmp_path / "new" / "scores.json").read_text()) == RESULT


def test_files_that_cannot_be_written_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for save in (save_json, save_plot):
        with pytest.raises(InvalidRequest, match="cannot be written"):
            save(RESULT, tmp_path / "file" / "out")
