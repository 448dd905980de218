"""Where jobs run. Here: as processes of this machine that live on when the app ends; ray_backend.py: on a Ray cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

import ecomgen
from ecomgen.data.store import JobRow
from ecomgen.services import job_process
from ecomgen.services.job_folder import LOG, PROGRESS, RUN_BEGINS, last_beat, outcome_file, read_json
from ecomgen.services.job_process import MARK, processes

SILENT = 30.0  # seconds without a heartbeat after which a job in another process table is dead
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Backend(Protocol):
    """Starts jobs, finds them again by their row and folder, and ends them. Nothing is remembered but what is on disk."""

    def start(self, job: JobRow, folder: Path) -> str:
        """Start the job's `job.starts`-th run; what to find it by. Raises OSError."""

    def alive(self, job: JobRow, folder: Path) -> bool:
        """Whether anything of it runs; False only when nothing can any more."""

    def stop(self, job: JobRow, folder: Path) -> None:
        """Ask it to save and end; asking again changes nothing."""

    def kill(self, job: JobRow, folder: Path) -> None:
        """End it at once."""

    def outcome(self, job: JobRow, folder: Path) -> int | None:
        """The exit code of the run, negative for a signal; None when it was not written down."""

    def usage(self, job: JobRow, folder: Path) -> tuple[int, int | None]:
        """Bytes of memory, and of the accelerator's (None: unknown)."""


def surroundings(job: JobRow, folder: Path, threads: int) -> dict[str, str]:
    """The environment variables that a job's processes need."""
    package = str(Path(ecomgen.__file__).resolve().parent.parent)
    needed = {
        **dict.fromkeys(_THREADS, str(threads)),
        MARK: job.id,
        "ECOMGEN_PROGRESS": str(folder / PROGRESS),
        "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH")))),
        "PYTHONSAFEPATH": "1",  # what lies in the job's folder is never imported
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
    }
    if job.device == "cpu":
        needed["CUDA_VISIBLE_DEVICES"] = ""  # the accelerator is another job's
    return needed


def runner(job: JobRow, folder: Path) -> list[str]:
    """The command of the process around the job's `job.starts`-th run."""
    return [sys.executable, "-P", "-m", job_process.__name__, str(folder), str(job.starts)]


def begin_log(job: JobRow, folder: Path) -> None:
    """Make the log ready for the next run's words. Raises OSError."""
    with (folder / LOG).open("ab") as log:
        if job.starts > 1:
            log.write(f"{RUN_BEGINS}\n".encode())


def memory_of(members: list[psutil.Process]) -> int:
    """Bytes that these processes take."""
    memory = 0
    for process in members:
        with suppress(psutil.Error):
            memory += process.memory_info().rss
    return memory


class LocalProcesses:
    """Processes of this machine, in a session of their own, behind everything else in the queue for the cores.

    `threads`: for each job, default all cores but one; `grace`: seconds that a job has to save when what watched it died.
    """

    def __init__(self, threads: int | None = None, grace: float = 60.0) -> None:
        self._threads = threads or max(1, (os.cpu_count() or 1) - 1)
        self._grace = grace
        self._children: list[subprocess.Popen[bytes]] = []
        self._lost: dict[tuple[str, int], float] = {}

    def start(self, job: JobRow, folder: Path) -> str:
        begin_log(job, folder)
        with (folder / LOG).open("ab") as log:
            child = subprocess.Popen(
                runner(job, folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **surroundings(job, folder, self._threads)},
                start_new_session=True,
            )
        self._children.append(child)
        return str(child.pid)

    def alive(self, job: JobRow, folder: Path) -> bool:
        self._children = [child for child in self._children if child.poll() is None]  # no zombies
        if not (members := self._members(job)):
            self._lost.pop((job.id, job.starts), None)
            return self._elsewhere(job, folder)
        if job.handle and int(job.handle) not in {process.pid for process in members}:
            self._end_without_watcher(job, members)
        return True

    def stop(self, job: JobRow, folder: Path) -> None:
        for process in self._members(job):
            if str(process.pid) == job.handle:  # it passes the signal on; the others are the job's own
                with suppress(psutil.Error):
                    process.terminate()

    def kill(self, job: JobRow, folder: Path) -> None:
        job_process.kill(job.id, processes(job.id))

    def outcome(self, job: JobRow, folder: Path) -> int | None:
        code = read_json(outcome_file(folder, job.starts)).get("code")
        return code if isinstance(code, int) else None

    def usage(self, job: JobRow, folder: Path) -> tuple[int, int | None]:
        members = self._members(job)
        accelerator = _accelerator_memory({p.pid for p in members}) if job.device == "cuda" else None
        return memory_of(members), accelerator

    def _members(self, job: JobRow) -> list[psutil.Process]:
        # The whole table is read only at a job's beginning and end: before its process is known, or when that is gone.
        return (processes(job.id, int(job.handle)) if job.handle else []) or processes(job.id)

    def _elsewhere(self, job: JobRow, folder: Path) -> bool:
        """Whether it runs in a process table that cannot be seen from here, e.g. of another container on this folder."""
        beat, ended = last_beat(folder, job.starts), outcome_file(folder, job.starts).exists()
        return beat is not None and beat.place != job_process.where() and beat.age < SILENT and not ended

    def _end_without_watcher(self, job: JobRow, members: list[psutil.Process]) -> None:
        """Nobody would write down how it ends: let it save, then it is started again."""
        run, now = (job.id, job.starts), time.monotonic()
        if run not in self._lost:
            self._lost[run] = now
            for process in members:
                with suppress(psutil.Error):
                    process.terminate()
        elif now - self._lost[run] > self._grace:
            job_process.kill(job.id, members)


def _accelerator_memory(pids: set[int]) -> int | None:
    """Bytes that these processes hold on the accelerator, as its driver tells."""
    query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
        each = [line.split(",") for line in told.splitlines() if line.strip()]
        return sum(int(used) * 2**20 for pid, used in each if int(pid) in pids)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
