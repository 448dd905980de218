"""The run log as one picture: what each phase measured while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ecomgen.training.runlog import read_log

_NO_CURVE = {"time", "phase", "step", "images", "event", "retreats", "skipped"}
_POINTS = 400
_COLOURS = ("#4457d6", "#d65a44", "#2f9e6e", "#b8860b", "#8e44ad", "#16a2b8", "#7f7f7f", "#c2185b")


def save_curves(log: Path, path: Path) -> None:
    """One PNG: a row of panels a phase, a panel a number of the log, over the images shown; none where nothing is logged."""
    lines = read_log(log)
    panels = [
        (phase, name)
        for phase in dict.fromkeys(str(line["phase"]) for line in lines if "phase" in line)
        for name in dict.fromkeys(n for line in lines if line.get("phase") == phase for n in line)
        if name not in _NO_CURVE
    ]
    if not panels:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = 4
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.1 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # pyplot would hold the figure in a module variable, and might open a window
    axes = figure.subplots(rows, columns, squeeze=False).flat
    phases = list(dict.fromkeys(phase for phase, _ in panels))
    for ax, (phase, name) in zip(axes, panels, strict=False):
        of_phase = [line for line in lines if line.get("phase") == phase]
        points = [(float(line["images"]), float(line[name])) for line in of_phase if name in line]
        x, y = zip(*_thinned(points), strict=True)
        few = len(points) < 40
        ax.plot(x, y, color=_COLOURS[phases.index(phase) % len(_COLOURS)], lw=1, marker="." if few else None)
        for line in of_phase:
            if line.get("event") == "retreat":
                ax.axvline(float(line["images"]), color="#bbbbbb", lw=1, ls=":")
        ax.set_title(f"{phase}: {name.replace('_', ' ')}", loc="left", fontsize=8)
        ax.tick_params(labelsize=6)
        ax.ticklabel_format(axis="x", style="plain")
        ax.spines[["top", "right"]].set_visible(False)
    for ax in list(figure.axes)[len(panels) :]:
        ax.remove()
    figure.supxlabel("images (latents in the mapping) shown", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, dpi=100, format="png", metadata={"Software": None})
    temporary.replace(path)  # whoever looks at it while it is written sees the one before


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of neighbours, so that a long run stays a line that can be read. Points after a retreat come twice."""
    size = -(-len(points) // _POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]
