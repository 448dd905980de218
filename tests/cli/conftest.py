"""The command line, run in the process of the test."""

import sys

import pytest

from ecomgen.cli import main


@pytest.fixture
def ecomgen(monkeypatch, capsys, tmp_path):
    """Run the command in this process: (exit status, standard output, standard error)."""
    monkeypatch.setenv("ECOMGEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ecomgen", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
