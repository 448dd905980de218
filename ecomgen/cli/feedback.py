"""The commands that take out what people said of the pictures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ecomgen.cli.output import print_line
from ecomgen.settings import read_settings


def export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    format: Annotated[
        Literal["csv", "jsonl", "zip"],
        typer.Option(help="Tables of what was said, or a product set of the photos, ready for training."),
    ] = "csv",
    rated: Annotated[
        Literal["all", "liked", "disliked", "unrated"], typer.Option(help="Which pictures.")
    ] = "liked",
) -> None:
    """Write pictures and what was said of them to a file."""
    from ecomgen.data.store import Filter
    from ecomgen.services.exporting import export as write
    from ecomgen.services.review import Review

    review = Review(read_settings())
    count = write(review, format, review.each(Filter(rated=rated)), out)
    print_line(f"{out} holds {count} picture{'' if count == 1 else 's'}.")


def backup(out: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Copy the feedback database into a file, while the app goes on using it."""
    from ecomgen.services.review import Review

    Review(read_settings()).back_up(out)
    print_line(f"The feedback is in {out}.")
