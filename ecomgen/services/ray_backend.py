"""Jobs on a Ray cluster: each run is one Ray job, with the same process around it as on this machine.

The jobs' folders, the product sets and the checkpoints have to lie on a file system that this machine and all of the
cluster's have under the same path, and so does the Python that runs this. Queue, heartbeat, log and outcome stay what they
are: files in the job's folder. Ray only starts a run, ends it, and knows whether it is there.
"""

from __future__ import annotations

import errno
import importlib.util
import shlex
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ecomgen.data.store import JobRow
from ecomgen.errors import ConfigError
from ecomgen.services.job_backend import SILENT, begin_log, memory_of, runner, surroundings
from ecomgen.services.job_folder import LOG, begin, last_beat, outcome_file, read_json
from ecomgen.services.job_process import processes

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

_UNDER_WAY = ("PENDING", "RUNNING")
_LAST_BREATH = 5.0  # seconds in which Ray ends what a dead run has left


class RayJobs:
    """Jobs of the cluster whose dashboard is at `address` (http://host:8265). Raises ConfigError where Ray is not installed.

    `cpus`: what a job asks the cluster for, and computes with; `grace`: seconds that it has to save when it is to end, after
    which Ray kills it.
    """

    def __init__(self, address: str, cpus: int = 1, grace: int = 60) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ConfigError("Jobs on a Ray cluster need Ray: pip install 'ecomgen[ray]'.")
        self._address, self._cpus, self._grace = address, cpus, grace
        self._lock = threading.Lock()
        self._connected: JobSubmissionClient | None = None

    def start(self, job: JobRow, folder: Path) -> str:
        begin_log(job, folder)
        needed = [f"{name}={value}" for name, value in surroundings(job, folder, self._cpus).items()]
        # Not by runtime_env: Ray's own process around the run would carry the mark of the job, and be ended with it.
        command = shlex.join(["env", *needed, *runner(job, folder)])
        inside, log = shlex.quote(str(folder)), shlex.quote(str(folder / LOG))
        try:
            self._client().submit_job(
                entrypoint=f"cd {inside} && exec {command} >>{log} 2>&1",
                submission_id=_name(job),
                runtime_env={"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(self._grace)}},
                entrypoint_num_cpus=self._cpus,
                entrypoint_num_gpus=1 if job.device == "cuda" else None,
            )
        except (OSError, RuntimeError) as error:
            begin(folder, job.starts)  # if Ray has taken it all the same, it does nothing
            raise OSError(errno.EIO, f"the Ray cluster at {self._address} does not take it") from error
        return _name(job)

    def alive(self, job: JobRow, folder: Path) -> bool:
        beat = last_beat(folder, job.starts)
        ended = outcome_file(folder, job.starts).exists()
        try:
            if self._status(job) in _UNDER_WAY:
                return True
        except OSError:  # the cluster does not answer: what runs there gives signs of life
            return beat is not None and beat.age < SILENT and not ended
        return beat is not None and beat.age < _LAST_BREATH and not ended

    def stop(self, job: JobRow, folder: Path) -> None:
        with suppress(OSError, RuntimeError):  # asked again by the next look
            self._client().stop_job(_name(job))

    def kill(self, job: JobRow, folder: Path) -> None:
        """Ray itself kills what does not end in time."""
        self.stop(job, folder)

    def outcome(self, job: JobRow, folder: Path) -> int | None:
        code = read_json(outcome_file(folder, job.starts)).get("code")
        return code if isinstance(code, int) else None

    def usage(self, job: JobRow, folder: Path) -> tuple[int, int | None]:
        """Of what runs on this machine; elsewhere it is unknown."""
        return memory_of(processes(job.id)), None

    def _status(self, job: JobRow) -> str:
        """What Ray says of the run; "" for one that it does not know. Raises OSError when it does not answer."""
        try:
            return str(self._client().get_job_status(_name(job)).value)
        except RuntimeError as error:
            if "does not exist" in str(error):
                return ""
            raise OSError(errno.EIO, "the Ray cluster is in trouble") from error

    def _client(self) -> JobSubmissionClient:
        """Raises OSError while the cluster cannot be reached."""
        with self._lock:
            if self._connected is None:
                from ray.job_submission import JobSubmissionClient

                self._connected = JobSubmissionClient(self._address)
            return self._connected


def _name(job: JobRow) -> str:
    """Ray's name of a run: known before it is started, so that an app that dies meanwhile leaves nothing unknown."""
    return f"ecomgen-{job.id}-{job.starts}"
