"""The command that starts the page."""

from typing import Annotated

import typer

from ecomgen.settings import read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Start the page (and its HTTP API)."""
    changes = {"host": host, "port": port}
    settings = read_settings(**{name: value for name, value in changes.items() if value is not None})

    from ecomgen.ui.app import serve as serve_page

    serve_page(settings)
