"""Long jobs: processes of their own, kept in the store and found again after the app, or the job, was killed."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from ecomgen.data.store import Device, JobRow, JobState, Store
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.job_backend import Backend, LocalProcesses
from ecomgen.services.job_folder import (
    COMMAND,
    RUN_BEGINS,
    JobProgress,
    begin,
    got_on,
    log_tail,
    read_progress,
    write_json,
)
from ecomgen.services.job_process import STOPPED
from ecomgen.services.review_input import checked_id, checked_text

_RESTARTS = 3  # in a row without getting on
_MOST_ARGUMENTS, _LONGEST = 200, 4096
_MAX_TITLE, _MAX_VISITOR, _MAX_LINES = 200, 64, 1000
_STARTING = timedelta(seconds=10)
_QUEUED: tuple[JobState, ...] = ("queued",)
_RUNNING: tuple[JobState, ...] = ("running",)
_CANCELLED: tuple[JobState, ...] = ("cancelled",)
_OVER: tuple[JobState, ...] = ("done", "failed", "stopped", "cancelled")
_ASKED_TO_END = (STOPPED, 128 + 15)


@dataclass(frozen=True)
class JobUsage:
    """Bytes of memory that a job takes now, and of the accelerator's memory (None: unknown, or none of it)."""

    memory: int
    accelerator: int | None


class Jobs:
    """The queue of jobs of one home folder; one runs at a time on each device. Safe from many threads and apps at once.

    Something must call `tend` every now and then (`watch` does), or nothing is started. Raises InvalidRequest, StoreError.
    """

    def __init__(self, store: Store, home: Path, backend: Backend | None = None, grace: float = 10.0) -> None:
        """`grace`: seconds from a cancellation to the kill. Nothing is opened yet."""
        self._store, self._root = store, home / "jobs"
        self._backend = backend or LocalProcesses()
        self._grace = timedelta(seconds=grace)
        self._place_lock, self._turn = threading.Lock(), threading.Lock()
        self._known_place = ""
        self._ending = threading.Event()
        self._watcher: threading.Thread | None = None

    def submit(self, command: Sequence[str], title: str, device: Device = "cpu", visitor: str = "") -> JobRow:
        """Put a job at the end of the queue; on disk on return.

        `command` follows the interpreter, e.g. ("-m", "ecomgen", "train", ..., "--out", "{folder}/run"), where {folder} is
        the job's own folder. From its second start on it is given --resume as well.
        """
        if device not in get_args(Device):
            raise InvalidRequest("A job runs on the cpu or on cuda.")
        row = JobRow(
            id=secrets.token_hex(16),
            title=checked_text("title", title, _MAX_TITLE),
            device=device,
            visitor=checked_text("visitor", visitor, _MAX_VISITOR),
            place=self._place(),
            created_at=datetime.now(UTC),
        )
        folder = self._folder(row.id)
        arguments = _checked_command(command)
        try:
            folder.mkdir(parents=True)
            write_json(folder / COMMAND, {"command": arguments, "title": row.title})
            self._store.add_job(row)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise EcomgenError(f"The job cannot be kept: {error.strerror}.") from error
        except EcomgenError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return row

    def jobs(self) -> list[JobRow]:
        """All jobs, the newest first."""
        return self._store.jobs(self._place())

    def job(self, job_id: str) -> JobRow:
        """One job."""
        row = self._store.job(checked_id("job", job_id))
        if row is None or row.place != self._place():
            raise InvalidRequest("There is no job with this id.")
        return row

    def folder(self, job_id: str) -> Path:
        """The job's own folder, where it leaves what it makes."""
        return self._folder(self.job(job_id).id)

    def progress(self, job_id: str) -> JobProgress:
        """How far it is."""
        return read_progress(self.folder(job_id))

    def log_tail(self, job_id: str, lines: int = 20) -> list[str]:
        """The last lines of what it said."""
        if type(lines) is not int or not 1 <= lines <= _MAX_LINES:
            raise InvalidRequest(f"A log is shown by 1 to {_MAX_LINES:,} lines.")
        return log_tail(self.folder(job_id), lines)

    def usage(self, job_id: str) -> JobUsage:
        """What it takes of the machine now."""
        row = self.job(job_id)
        if row.state != "running":
            return JobUsage(0, None)
        return JobUsage(*self._backend.usage(row, self._folder(row.id)))

    def stop(self, job_id: str) -> JobRow:
        """Let it save and end; it can be gone on with."""
        return self._ask(job_id, "stop", "stopped", _QUEUED)

    def cancel(self, job_id: str) -> JobRow:
        """End it and throw away what it made."""
        row = self._ask(job_id, "cancel", "cancelled", ("queued", "stopped", "failed"))
        if row.state == "cancelled":
            self._throw_away(row)
        return row

    def resume(self, job_id: str) -> JobRow:
        """Put a job that was stopped or failed back into the queue."""
        row = self.job(job_id)
        changes: dict[str, Any] = {
            "state": "queued",
            "asked": "",
            "asked_at": None,
            "ended_at": None,
            "kills": 0,
            "reason": "",
        }
        if not self._store.change_job(row.id, ("stopped", "failed"), **changes):
            raise InvalidRequest("Only a job that was stopped or has failed can go on.")
        return self.job(job_id)

    def delete(self, job_id: str) -> None:
        """Forget a job and what is in its folder."""
        row = self.job(job_id)
        # Cancelled first: when this is killed half-way, its folder is known to be of no use.
        if not self._store.change_job(row.id, ("queued", *_OVER), state="cancelled"):
            raise InvalidRequest("Please stop or cancel the job first.")
        self._throw_away(row)
        self._store.remove_job(row.id)

    def tend(self) -> None:
        """See to all jobs once: notice what has ended, start again what was killed, start what waits."""
        with self._turn:
            for job in self._store.jobs(self._place(), _RUNNING):
                self._look_after(job)
            waiting = {job.device for job in self._store.jobs(self._place(), _QUEUED)}
            for device in sorted(waiting):
                job_now = self._store.claim_job(self._place(), device, datetime.now(UTC))
                if job_now is not None:
                    self._start(job_now)

    def watch(self, every: float = 1.0) -> None:
        """Call `tend` every so many seconds from now on, in a thread; a second call changes nothing."""
        if self._watcher is None:
            self._ending.clear()
            self._watcher = threading.Thread(target=self._keep_tending, args=(every,), daemon=True)
            self._watcher.start()

    def close(self) -> None:
        """Watch no more; running jobs go on and are found again."""
        self._ending.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    def _keep_tending(self, every: float) -> None:
        swept = False
        while not self._ending.is_set():
            try:
                if not swept:
                    self._sweep()
                    swept = True
                self.tend()
            except (EcomgenError, OSError) as error:
                logging.getLogger(__name__).warning("The jobs could not be looked after: %s", error)
            self._ending.wait(every)

    def _ask(self, job_id: str, wish: str, at_once: JobState, from_states: tuple[JobState, ...]) -> JobRow:
        while True:  # until what was read is still so when it is changed
            row, now = self.job(job_id), datetime.now(UTC)
            if row.state in from_states:
                if self._store.change_job(row.id, from_states, state=at_once, ended_at=now):
                    return self.job(job_id)
            elif row.state != "running":
                raise InvalidRequest("The job has ended already.")
            # A cancellation goes before a stop, whichever came first; asking twice does not begin the grace anew.
            elif row.asked in (wish, "cancel"):
                return row
            elif self._store.change_job(row.id, _RUNNING, row.starts, asked=wish, asked_at=now):
                row = self.job(job_id)
                self._backend.stop(row, self._folder(row.id))
                return row

    def _look_after(self, job: JobRow) -> None:
        folder, now = self._folder(job.id), datetime.now(UTC)
        if self._backend.alive(job, folder):
            overdue = job.asked == "cancel" and job.asked_at and now - job.asked_at > self._grace
            if overdue or self._backend.outcome(job, folder) is not None:
                self._backend.kill(job, folder)
            elif job.asked:
                self._backend.stop(job, folder)
            return
        code = self._backend.outcome(job, folder)
        if code is None and not job.handle and job.started_at and now - job.started_at < _STARTING:
            return  # another app is just starting it
        with suppress(OSError):
            if code is None and not job.handle and not begin(folder, job.starts):
                return  # it began after we looked
        self._finish(job, folder, code)

    def _finish(self, job: JobRow, folder: Path, code: int | None) -> None:
        changes: dict[str, Any] = {
            "state": "failed",
            "ended_at": datetime.now(UTC),
            "asked": "",
            "asked_at": None,
        }
        killed = code is None or code < 0 or code in _ASKED_TO_END
        if job.asked == "cancel":
            changes |= {"state": "cancelled"}
        elif code == 0:
            changes |= {"state": "done", "kills": 0}
        elif job.asked == "stop" and killed:
            changes |= {"state": "stopped"}
        elif not killed:
            changes |= {"reason": _reason(folder)}
        else:
            kills = 0 if got_on(folder) else job.kills + 1
            changes |= {"kills": kills}
            if kills > _RESTARTS or not folder.is_dir():
                changes |= {"reason": _reason_of_kill(folder)}
            else:
                changes |= {"state": "queued", "ended_at": None}
        changed = self._store.change_job(job.id, _RUNNING, job.starts, **changes)
        if changed and changes["state"] == "cancelled":
            self._throw_away(job)

    def _start(self, job: JobRow) -> None:
        folder = self._folder(job.id)
        try:
            handle = self._backend.start(job, folder)
        except OSError as error:
            reason = f"The job could not be started: {error.strerror}."
            changes = {"state": "failed", "reason": reason, "ended_at": datetime.now(UTC)}
            self._store.change_job(job.id, _RUNNING, job.starts, **changes)
            return
        self._store.change_job(job.id, _RUNNING, job.starts, handle=handle)

    def _place(self) -> str:
        """The name of this home folder, whatever the machine is called; made at the first need."""
        with self._place_lock:
            if not self._known_place:
                path = self._root / "place"
                try:
                    self._root.mkdir(parents=True, exist_ok=True)
                    if not path.exists():
                        mine = self._root / f".place.{secrets.token_hex(8)}"
                        mine.write_text(secrets.token_hex(16))
                        with suppress(FileExistsError):
                            path.hardlink_to(mine)  # whole at once, and only the first one
                        mine.unlink()
                    self._known_place = checked_id("job folder", path.read_text())
                except OSError as error:
                    raise EcomgenError(f"The folder of the jobs cannot be used: {error.strerror}.") from error
            return self._known_place

    def _folder(self, job_id: str) -> Path:
        return self._root.resolve() / job_id

    def _throw_away(self, job: JobRow) -> None:
        shutil.rmtree(self._folder(job.id), ignore_errors=True)

    def _sweep(self) -> None:
        """Throw away what an app left that was killed while it cancelled."""
        for job in self._store.jobs(self._place(), _CANCELLED):
            self._throw_away(job)


def _checked_command(command: Sequence[str]) -> list[str]:
    parts = [] if isinstance(command, str) else list(command)
    fits = all(isinstance(part, str) and "\0" not in part and len(part) <= _LONGEST for part in parts)
    if not parts or len(parts) > _MOST_ARGUMENTS or not fits:
        raise InvalidRequest("A job needs a command, as a list of words.")
    return parts


_SENTENCE = re.compile(r"(?![\w.]+: )[^\s\W].{0,300}[.。!?]")


def _reason(folder: Path) -> str:
    """Why a job gave up, in one sentence."""
    said = _last_words(folder)
    if known := _shortage(said):
        return known
    last = said[-1].strip() if said else ""
    if _SENTENCE.fullmatch(last) and not (len(said) > 1 and said[-2].startswith("  ")):
        return last
    return "The job failed for a reason that it did not foresee; its log says more."


def _reason_of_kill(folder: Path) -> str:
    if not folder.is_dir():
        return "The job's folder is gone."
    killed = "The job was killed again and again without getting on; it might need more memory than there is."
    return _shortage(_last_words(folder)) or killed


def _last_words(folder: Path) -> list[str]:
    """The end of what the last run said."""
    said = log_tail(folder, 40)
    begun = [i for i, line in enumerate(said) if line == RUN_BEGINS]
    return said[begun[-1] + 1 :] if begun else said


def _shortage(said: Sequence[str]) -> str:
    text = "\n".join(said[-5:])
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return "The disk is full; please make room and let the job go on."
    if re.search(r"out of memory|MemoryError|can't allocate memory|Cannot allocate memory", text):
        return "The job needs more memory than there is."
    return ""
