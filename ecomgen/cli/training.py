"""The commands that teach a model, for minutes or days; each stops safely and goes on with --resume."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ecomgen.cli.options import Checkpoint, Resume
from ecomgen.cli.output import print_line
from ecomgen.cli.progress import Progress, progress_bar
from ecomgen.settings import read_settings


def train(
    config: Annotated[Path, typer.Argument(help="A training configuration (TOML), e.g. from configs/.")],
    data: Annotated[Path | None, typer.Option(help="Product set: a zip or a folder.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the run and its checkpoint.")] = None,
    resume: Resume = False,
) -> None:
    """Train a model on a product set; Ctrl-C stops it safely."""
    from ecomgen.services import training

    folder = training.train(config, data, out, resume, Progress(sys.stderr))
    print_line(f"The checkpoint is in {folder}." if folder else "Stopped; --resume goes on from here.")
    if folder is None:
        raise typer.Exit(130)  # what a shell expects of an interrupted command


def pretrain(
    data: Annotated[
        Path | None,
        typer.Option(help="Photos without labels: a zip or a folder; default: those of the file."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the run and the backbone.")] = Path(
        "checkpoints/backbone"
    ),
    config: Annotated[Path, typer.Option(help="The pretraining's configuration (TOML).")] = Path(
        "configs/pretrain.toml"
    ),
    resume: Resume = False,
) -> None:
    """Teach the image backbone from photos alone, without labels; Ctrl-C stops it safely."""
    train(config, data, out, resume)


def lighten(
    out: Annotated[Path, typer.Option(help="Folder for the new checkpoint.")],
    model: Checkpoint = None,
    minutes: Annotated[float, typer.Option(help="How long it is taught.")] = 10.0,
    resume: Resume = False,
) -> None:
    """Make a lighter checkpoint, taught by the whole one; Ctrl-C stops it safely."""
    from ecomgen.services.light import lighten as make_lighter

    with progress_bar() as progress:
        done = make_lighter(read_settings(), model, out, minutes, resume, progress)
    print_line(f"The checkpoint is in {out}." if done else "Stopped; --resume goes on from here.")
    if not done:
        raise typer.Exit(130)


def finetune(
    out: Annotated[str, typer.Option(help="Name of the new checkpoint, or a folder (with a /).")],
    data: Annotated[
        Path | None, typer.Option(help="Product set: a zip or a folder of at least 24 photos.")
    ] = None,
    liked: Annotated[
        list[str] | None,
        typer.Option(help="Also learn from the pictures of this shortlist, or from all that are liked: all."),
    ] = None,
    base: Annotated[
        str, typer.Option(help="Checkpoint that it begins with: a name or a folder.")
    ] = "default",
    method: Annotated[
        str, typer.Option(help="full; freeze: for a few hundred photos; adapter: a small file over the base.")
    ] = "full",
    minutes: Annotated[float, typer.Option(help="How long it is taught, at most.")] = 20.0,
    title: Annotated[str, typer.Option(help="What the new checkpoint is called in the page.")] = "",
    base_data: Annotated[
        Path | None, typer.Option(help="The base's own photos, to measure on them what was forgotten.")
    ] = None,
    resume: Resume = False,
) -> None:
    """Teach a checkpoint a product set of yours; Ctrl-C stops it safely."""
    from ecomgen.services.finetuning import FinetuneRequest
    from ecomgen.services.finetuning import finetune as teach

    sources = tuple(liked or ())
    request = FinetuneRequest(data, out, base, method, minutes, title, resume, sources, base_data)
    folder = teach(request, read_settings(), Progress(sys.stderr))
    print_line(f"The checkpoint is in {folder}." if folder else "Stopped; --resume goes on from here.")
    if folder is None:
        raise typer.Exit(130)
