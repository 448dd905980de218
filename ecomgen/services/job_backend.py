"""Where jobs run. Here: as processes of this machine that live on when the app ends."""

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
from ecomgen.services.job_folder import HEARTBEAT, LOG, PROGRESS, RUN_BEGINS, outcome_file, read_json
from ecomgen.services.job_process import MARK, processes

_SILENT = 30.0  # seconds without a heartbeat after which a job in another process table is dead
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
        package = str(Path(ecomgen.__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        environment = {
            **os.environ,
            **dict.fromkeys(_THREADS, str(self._threads)),
            MARK: job.id,
            "ECOMGEN_PROGRESS": str(folder / PROGRESS),
            "PYTHONPATH": path,
            "PYTHONSAFEPATH": "1",  # what lies in the job's folder is never imported
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8:backslashreplace",
        }
        if job.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = ""  # the accelerator is another job's
        with (folder / LOG).open("ab") as log:
            if job.starts > 1:
                log.write(f"{RUN_BEGINS}\n".encode())
                log.flush()
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", job_process.__name__, str(folder), str(job.starts)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment,
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
        job_process.kill(processes(job.id))

    def outcome(self, job: JobRow, folder: Path) -> int | None:
        code = read_json(outcome_file(folder, job.starts)).get("code")
        return code if isinstance(code, int) else None

    def usage(self, job: JobRow, folder: Path) -> tuple[int, int | None]:
        members, memory = self._members(job), 0
        for process in members:
            with suppress(psutil.Error):
                memory += process.memory_info().rss
        accelerator = _accelerator_memory({p.pid for p in members}) if job.device == "cuda" else None
        return memory, accelerator

    def _members(self, job: JobRow) -> list[psutil.Process]:
        # The whole table is read only at a job's beginning and end: before its process is known, or when that is gone.
        return (processes(job.id, int(job.handle)) if job.handle else []) or processes(job.id)

    def _elsewhere(self, job: JobRow, folder: Path) -> bool:
        """Whether it runs in a process table that cannot be seen from here, e.g. of another container on this folder."""
        try:
            run, place = (folder / HEARTBEAT).read_text().split(" ", 1)
            age = time.time() - (folder / HEARTBEAT).stat().st_mtime
        except (OSError, ValueError):
            return False
        ended = outcome_file(folder, job.starts).exists()
        return run == str(job.starts) and place != job_process.where() and age < _SILENT and not ended

    def _end_without_watcher(self, job: JobRow, members: list[psutil.Process]) -> None:
        """Nobody would write down how it ends: let it save, then it is started again."""
        run, now = (job.id, job.starts), time.monotonic()
        if run not in self._lost:
            self._lost[run] = now
            for process in members:
                with suppress(psutil.Error):
                    process.terminate()
        elif now - self._lost[run] > self._grace:
            job_process.kill(members)


def _accelerator_memory(pids: set[int]) -> int | None:
    """Bytes that these processes hold on the accelerator, as its driver tells."""
    query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
        each = [line.split(",") for line in told.splitlines() if line.strip()]
        return sum(int(used) * 2**20 for pid, used in each if int(pid) in pids)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
