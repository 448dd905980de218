"""What an evaluation looks like: lines for a terminal, a table for a README, a plot for a meeting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

from ecomgen.errors import InvalidRequest

START, END = "<!-- scores -->", "<!-- /scores -->"
_PLACE = re.compile(
    rf"^{START}$.*?^{END}$", re.MULTILINE | re.DOTALL
)  # lines of their own: a text may mention them

_OURS, _THEIRS = "#4457d6", "#c9ccd6"
_PANELS = (
    ("Does it show what was asked?", ("accuracy_",)),
    ("Does it look real, and draw all kinds?", ("precision", "density", "recall", "coverage")),
    ("Do pictures differ, and are they new?", ("diversity", "near_copies")),
    ("How far is it from real photos?", ("fd", "kid", "detail_fd", "inception_fid")),
)


def save_json(result: dict[str, Any], path: Path) -> None:
    """Write the result, readable; raises InvalidRequest where that cannot be."""
    _write(path, json.dumps(result, ensure_ascii=False, indent=1) + "\n")


def table(result: dict[str, Any]) -> str:
    """A Markdown table: every score beside that of real photos, and what it was measured on."""
    lines = ["| measured | generated | real photos | better |", "| --- | --- | --- | --- |"]
    for key, values, about in _scores(result):
        shown = [_number(key, values[who], values.get(f"{who}_error")) for who in ("generated", "real")]
        lines.append(f"| {about['label']} | {shown[0]} | {shown[1]} | {about['better']} |")
    return "\n".join([*lines, "", _measured_on(result)])


def check_table(readme: Path) -> None:
    """Raises InvalidRequest when there is no place for the table, before minutes are spent on it."""
    _cut(readme)


def write_table(result: dict[str, Any], readme: Path) -> None:
    """Replace what stands between the markers in a Markdown file. Raises InvalidRequest when they are not there."""
    before, after = _cut(readme)
    _write(readme, f"{before}{START}\n{table(result)}\n{END}{after}")


def save_plot(result: dict[str, Any], path: Path) -> None:
    """One PNG: the pictures' scores as bars, those of real photos beside them. Raises InvalidRequest."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)  # pyplot would hold the figure in a module variable, and might open a window
    for axes, (title, prefixes) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        shown = [each for each in _scores(result) if each[0].startswith(prefixes)]
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
        _bars(axes, shown)
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False
    )
    figure.suptitle(f"{result['model']} on {result['set']}", x=0.01, ha="left", fontsize=13)
    figure.supxlabel(_measured_on(result).replace("`", ""), fontsize=7.5, color="#666666", wrap=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, format="png", metadata={"Software": None})
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error


def _bars(axes: Any, scores: list[tuple[str, dict[str, float], dict[str, str]]]) -> None:
    """Horizontal pairs of bars; what should be low has no common scale and is drawn relative to the larger one."""
    for row, (key, values, about) in enumerate(scores):
        longest = max(abs(v) for v in (values["generated"], values["real"])) or 1.0
        scale = longest if about["better"] == "lower" else 1.0
        pairs = (("generated", _OURS, "generated pictures", -0.19), ("real", _THEIRS, "real photos", 0.19))
        for who, colour, label, offset in pairs:
            length = max(values[who] / scale, 0.0)
            axes.barh(row + offset, length, 0.36, color=colour, label=label if row == 0 else None)
            number = _number(key, values[who], values.get(f"{who}_error"))
            axes.annotate(
                number, (length, row + offset), (3, 0), textcoords="offset points", va="center", fontsize=8
            )
    labels = [f"{fill(about['label'], 32)}\n({about['better']} is better)" for _, _, about in scores]
    axes.set_yticks(range(len(scores)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max([p.get_width() for p in axes.patches], default=1.0))
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _scores(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, float], dict[str, str]]]:
    for key, values in result["scores"].items():
        yield key, values, result["legend"][key]


def _number(key: str, value: float, error: float | None) -> str:
    if key.startswith(("accuracy_", "near_copies")):
        return f"{100 * value:.1f}" + (f" ± {100 * error:.1f} %" if error is not None else " %")
    return f"{value:.3g}" + (f" ± {error:.1g}" if error is not None else "")


def _measured_on(result: dict[str, Any]) -> str:
    sizes, speed = result["sizes"], result["speed"]
    memory = f", {speed['memory_mb']:,} MB of memory" if speed.get("memory_mb") else ""
    return (
        f"`{result['model']}` ({result['model_hash']}): {sizes['pictures']:,} pictures at {sizes['picture_px']} px, psi "
        f"{result['psi']:g}, seed {result['seed']}, against {sizes['held_out_photos']:,} held-out photos of {result['set']}; "
        f"judge {result['judge_hash']}; {speed['images_per_second']:.3g} pictures a second on {speed['device']} "
        f"({speed['threads']} threads){memory}. Written by `ecomgen evaluate`."
    )


def _cut(readme: Path) -> tuple[str, str]:
    try:
        text = readme.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{readme} cannot be read.") from error
    place = _PLACE.search(text)
    if place is None:
        raise InvalidRequest(
            f"{readme} has no place for the scores: a line {START} and, below it, a line {END}."
        )
    return text[: place.start()], text[place.end() :]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error
