import io

from ecomgen.cli.progress import Progress, progress_bar
from ecomgen.services.job_folder import read_progress


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal


def test_progress_says_how_long_it_will_take_yet():
    times = iter([0, 4, 10, 20, 3600, 5400, 5401])
    screen = Screen(terminal=False)
    progress = Progress(screen, clock=lambda: next(times))
    for share in (0.0, 0.01, 0.1, 0.5):
        progress("Learning", share)
    progress("Finishing", 0.4)  # another thing, which goes on where it was stopped
    progress("Finishing", 0.6)
    progress("Finishing", 1.0)
    assert screen.getvalue().splitlines() == [
        "Learning: 0.0%",
        "Learning: 10.0%, 2 min left",
        "Learning: 50.0%, 20 s left",
        "Finishing: 40.0%",
        "Finishing: 60.0%, 1 h 0 min left",
        "Finishing: 100.0%",
    ]


def test_progress_on_a_terminal_stays_in_its_line():
    times = iter([0, 50, 100, 101])
    screen = Screen(terminal=True)
    progress = Progress(screen, clock=lambda: next(times))
    for what, share in (("Learning", 0.0), ("Learning", 0.5), ("Learning", 1.0), ("Done", 1.0)):
        progress(what, share)
    shown = [part.rstrip() for part in screen.getvalue().split("\n")]
    assert shown == ["\rLearning: 0.0%\rLearning: 50.0%, 50 s left\rLearning: 100.0%", "\rDone: 100.0%", ""]


def test_progress_is_also_told_to_the_file_that_a_job_names(tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_PROGRESS", str(tmp_path / "progress.json"))
    Progress(Screen(terminal=False))("Learning", 0.25)
    assert read_progress(tmp_path).share == 0.25
    with progress_bar() as show:
        show("Drawing", 0.5)
    assert read_progress(tmp_path).what == "Drawing"
