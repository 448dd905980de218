"""The commands about checkpoints that are there: how good they are, what they refuse, which there are."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ecomgen.cli.opening import open_generation
from ecomgen.cli.options import Checkpoint, Psi
from ecomgen.cli.output import print_json, print_line
from ecomgen.cli.progress import progress_bar
from ecomgen.settings import read_settings


def evaluate(
    data: Annotated[Path, typer.Option(help="Product set to compare with: a zip or a folder.")],
    model: Checkpoint = None,
    json_: Annotated[Path | None, typer.Option("--json", help="File for the scores.")] = None,
    plot: Annotated[Path | None, typer.Option(help="File for a plot of them (PNG).")] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Markdown file with a place for the scores, which is filled anew.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write metrics.json beside the checkpoint.")] = False,
    pictures: Annotated[int, typer.Option(help="How many pictures are drawn.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same scores.")] = 0,
    psi: Psi = 0.8,
    judge: Annotated[str, typer.Option(help="Recogniser that judges: a name or a folder.")] = "judge",
    inception: Annotated[bool, typer.Option("--inception", help="Also the FID of papers; slow.")] = False,
) -> None:
    """Measure a checkpoint: what it draws, beside what real photos get. One JSON object."""
    settings = read_settings()

    from ecomgen.services import scoreboard
    from ecomgen.services.evaluation import EvaluationRequest, find_checkpoint
    from ecomgen.services.evaluation import evaluate as measure

    request = EvaluationRequest(
        data=data, model=model, judge=judge, pictures=pictures, seed=seed, psi=psi, inception=inception
    )
    if readme:
        scoreboard.check_table(readme)
    with progress_bar() as progress:
        result = measure(request, settings, progress)
    files = [json_] if json_ else []
    if write:
        files.append(find_checkpoint(settings, model or settings.model) / "metrics.json")
    for file in files:
        scoreboard.save_json(result, file)
    if readme:
        scoreboard.write_table(result, readme)
    if plot:
        scoreboard.save_plot(result, plot)
    for line in (scoreboard.table(result), *result["notes"]):
        print(line, file=sys.stderr)
    print_json(result)


def gate(
    data: Annotated[
        Path, typer.Option(help="Product set that the checkpoint learnt from: a zip or a folder.")
    ],
    model: Checkpoint = None,
) -> None:
    """Let a checkpoint recognise its failed pictures, by its training photos; new checkpoints can do so already."""
    from ecomgen.services.gate import fit_gate

    settings = read_settings()
    print_line(f"{fit_gate(settings, model or settings.model, data)} is written.")


def models(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Find out first how this machine draws fastest, and keep to that."),
    ] = False,
) -> None:
    """List the checkpoints, and how this machine draws with them."""
    generation = open_generation(read_settings())
    if measure:
        generation.measure()
    found = generation.models()
    if as_json:
        print_json([asdict(model) for model in found])
        return
    rows = [("NAME", "SIZE", "CATEGORIES", "TITLE", "DRAWN BY")]
    for m in found:
        drawn_by = "" if m.problem else m.drawn_by or "PyTorch; --measure looks for something faster"
        rows.append((m.name, f"{m.size} px", str(len(m.categories)), m.problem or m.title, drawn_by))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        print_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
