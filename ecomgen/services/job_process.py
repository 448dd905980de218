"""The process around a job, which says how it ended even when the app is gone: `python -m ecomgen.services.job_process`.

A request to stop (SIGTERM) comes here and is passed on once, so that it is never lost while the job is being started.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil

from ecomgen.services.job_folder import COMMAND, HEARTBEAT, begin, outcome_file, read_json, write_json

MARK = "ECOMGEN_JOB"
"""All processes of a job have its id in this environment variable, so that a reused process id is never taken for one."""

STOPPED = 130
_NICE = 10
_BEAT = 1.0  # seconds


def where() -> str:
    """Names this machine's process table: only a process of the same one can be looked for."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return platform.node()


def is_of(job_id: str, process: psutil.Process) -> bool:
    """Whether a process is a living one of this job; an empty id is nobody's."""
    try:
        own = bool(job_id) and process.environ().get(MARK) == job_id
        return own and process.pid > 1 and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):  # ended meanwhile, or somebody else's
        return False


def processes(job_id: str, group: int | None = None) -> list[psutil.Process]:
    """The living processes of a job; with `group` only those of the session that it leads."""
    found = []
    for pid in psutil.pids():
        try:
            if group is not None and os.getsid(pid) != group:
                continue
            found.append(psutil.Process(pid))
        except (psutil.Error, OSError):
            continue
    return [process for process in found if is_of(job_id, process)]


def kill(job_id: str, members: list[psutil.Process]) -> None:
    """End processes of this job at once. Each is looked at once more: a mistake in who is named must never end others."""
    for process in members:
        if is_of(job_id, process):
            with suppress(psutil.Error):  # psutil looks at its start time first
                process.kill()


def main(folder: Path, run: int) -> None:
    """Run the job in `folder` and write down its exit code."""
    asked, child = False, None

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked and child is not None:
            child.terminate()
        asked = True

    # Handlers, not SIG_IGN: the job would inherit that.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    if not begin(folder, run):
        return
    _stand_back()
    beat = folder / HEARTBEAT
    beat.write_text(f"{run} {where()}")
    command = [part.replace("{folder}", str(folder)) for part in read_json(folder / COMMAND)["command"]]
    command += ["--resume"] if run > 1 else []
    code = STOPPED
    if not asked:
        child = subprocess.Popen([sys.executable, "-P", *command], stdin=subprocess.DEVNULL)
        if asked:  # in between, when there was nobody to pass it on to
            child.terminate()
        while True:
            try:
                code = child.wait(_BEAT)
                break
            except subprocess.TimeoutExpired:
                with suppress(OSError):
                    os.utime(beat)
    own = os.environ[MARK]
    kill(own, [one for one in processes(own) if one.pid != os.getpid()])
    write_json(outcome_file(folder, run), {"code": code})


def _stand_back() -> None:
    """Let everything else go first; on Linux sessions are weighed against each other before the processes in them are."""
    os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
