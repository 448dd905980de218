"""The command `ecomgen`: the same services as the page, one function a command.

Results go to standard output as JSON, one line each where there are several. What the user can put right is
one sentence on standard error and exit status 2. Heavy imports wait inside the commands: --help is instant.
"""

import io
import sys
from typing import Annotated

import typer

from ecomgen import __version__
from ecomgen.cli.checkpoints import evaluate, gate, models
from ecomgen.cli.feedback import backup, export, insight
from ecomgen.cli.output import print_line
from ecomgen.cli.pictures import between, colours, from_photo, generate, mix, vary
from ecomgen.cli.serving import serve
from ecomgen.cli.training import finetune, lighten, pretrain, train
from ecomgen.cli.understanding import attributes, check, label, recognise
from ecomgen.errors import EcomgenError

_IN_THIS_ORDER = (
    generate, from_photo, colours, vary, mix, between,
    attributes, recognise, check, label,
    train, finetune, pretrain, evaluate, lighten, gate, models,
    insight, export, backup,
    serve,
)  # fmt: skip


def main() -> None:
    """Run the command line; never returns."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # \u7ea2, as in JSON, where 红 cannot be shown
    try:
        _app()()
    except EcomgenError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _app() -> typer.Typer:
    app = typer.Typer(
        help="Type a prompt, get product photos.",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_common)
    for command in _IN_THIS_ORDER:
        app.command()(command)
    return app


def _version(asked: bool) -> None:
    if asked:
        print_line(f"ecomgen {__version__}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
