"""The arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ecomgen.errors import InvalidRequest

Prompt = Annotated[str, typer.Argument(help="What to picture, in English or Chinese.")]
Made = Annotated[Path, typer.Argument(help="A picture that ecomgen made (its file).")]
Out = Annotated[Path, typer.Option(help="Folder for the files; made when missing.")]
Format = Annotated[str, typer.Option(help="png, jpeg or webp.")]
Psi = Annotated[float, typer.Option(help="Variety, 0 (alike) to 1 (most varied).")]
Model = Annotated[str | None, typer.Option(help="Checkpoint; see `ecomgen models`.")]
Checkpoint = Annotated[str | None, typer.Option(help="Checkpoint: a name or a folder.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")]


def read_assignment(text: str) -> tuple[str, str | None]:
    """Read `colour=red`; `colour=` and `colour=unspecified` leave the attribute open."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not name or not equals:
        raise InvalidRequest("An attribute is set as ATTR=VALUE, for example --set colour=red.")
    return name, None if value in ("", "unspecified") else value
