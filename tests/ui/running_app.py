"""The app in a process of its own, for tests that meet it as a visitor does."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Page

from ecomgen.data.store.tables import metadata

ROOT = Path(__file__).parents[2]


class App:
    """`python app.py` with a home folder of its own; `start` and `stop` as often as wanted."""

    def __init__(self, home: Path, checkpoints: Path) -> None:
        self.home, self.checkpoints = home, checkpoints
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = home / "app.log"

    def start(self) -> None:
        """Start it and wait until the page answers."""
        settings = {
            "ECOMGEN_HOME": str(self.home),
            "ECOMGEN_CHECKPOINTS": str(self.checkpoints),
            "ECOMGEN_PORT": str(self.port),
            "GRADIO_TEMP_DIR": str(self.home / "uploads"),
            "OMP_NUM_THREADS": "1",
        }
        begin = time.monotonic()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log
            )
        while self.process.poll() is None and time.monotonic() - begin < 180:
            try:
                with urllib.request.urlopen(self.url, timeout=30):
                    return
            except OSError:
                time.sleep(0.1)
        self.process.kill()
        raise AssertionError(f"The app did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """Stop it, as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(20)

    def forget(self) -> None:
        """Empty its store while it runs, so that the next test finds it as new: a start takes seconds."""
        engine = sa.create_engine(f"sqlite:///{self.home / 'feedback.db'}", poolclass=sa.NullPool)
        with engine.begin() as connection:
            for table in metadata.tables.values():
                if sa.inspect(connection).has_table(table.name):
                    connection.execute(table.delete())


def open_page(page: Page, url: str) -> None:
    """Go there and wait until the page can be used and the checkpoint is loaded."""
    page.goto(url)
    page.wait_for_function(
        "document.querySelector('#eg-seed input')?.value"
    )  # rolled when the visit is known
    page.wait_for_function("!document.querySelector('#eg-loading .eg-notice')")
