"""Jobs that count (tiny_job.py): submitted, waited for and looked at, on whatever backend."""

import time
from pathlib import Path

from ecomgen.services.job_folder import read_json

TINY = str(Path(__file__).with_name("tiny_job.py"))
DEADLINE = 120.0  # seconds after which something hangs


def submit(jobs, steps=5, pause=0.05, how="", out="{folder}/run", **options):
    return jobs.submit([TINY, out, str(steps), str(pause), *([how] if how else [])], "counts", **options).id


def wait(jobs, until):
    begun = time.monotonic()
    while not until():
        assert time.monotonic() - begun < DEADLINE, jobs.jobs()
        jobs.tend()
        time.sleep(0.05)


def end(jobs, id):
    wait(jobs, lambda: jobs.job(id).state not in ("queued", "running"))
    return jobs.job(id)


def counted(jobs, id):
    return read_json(jobs.folder(id) / "run" / "state.json").get("done", 0)


def starts(jobs, id):
    return [int(line) for line in (jobs.folder(id) / "run" / "starts.txt").read_text().split()]
