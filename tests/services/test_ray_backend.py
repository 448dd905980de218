"""Jobs on a real Ray of one node, which the tests start and end: `pip install -e '.[dev,ray]'`, `pytest -m slow`."""

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from counting_jobs import DEADLINE, counted, end, starts, submit, wait

from ecomgen.data.store import Store
from ecomgen.services.job_process import kill, processes
from ecomgen.services.jobs import Jobs
from ecomgen.services.ray_backend import RayJobs

pytestmark = [
    pytest.mark.slow,  # Ray starts half a dozen programs, and two more for each run
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'ecomgen[ray]'."
    ),
]


@pytest.fixture(scope="module")
def cluster():
    """The address of a Ray of one node."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp", ignore_cleanup_errors=True) as folder:
        command = [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
            "--disable-usage-stats", "--node-ip-address=127.0.0.1", f"--port={_free_port()}", "--num-cpus=2",
            f"--dashboard-port={port}", f"--ray-client-server-port={_free_port()}", f"--temp-dir={folder}",
            "--object-store-memory=80000000",
        ]  # fmt: skip
        with (Path(folder) / "said.txt").open("wb") as said:
            head = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            begun = time.monotonic()
            while not _answers(address):
                assert head.poll() is None, (Path(folder) / "said.txt").read_text()
                assert time.monotonic() - begun < DEADLINE
                time.sleep(0.2)
            yield address
        finally:
            head.terminate()
            try:
                head.wait(30)
            finally:
                head.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/jobs/", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def open_jobs(tmp_path, cluster):
    """Opens Jobs, as an app at its start does; no process is left when the test ends."""
    opened = []

    def open_them(address=cluster):
        store = Store(f"sqlite:///{tmp_path / 'feedback.db'}")
        opened.append((Jobs(store, tmp_path, RayJobs(address, grace=2), grace=0.5), store))
        return opened[-1][0]

    yield open_them
    left = [row.id for row in open_them().jobs() if processes(row.id)]
    for id in left:
        kill(id, processes(id))
    for jobs, store in opened:
        jobs.close()
        store.close()
    assert not left


def test_a_job_runs_to_its_end_is_stopped_and_goes_on_also_for_the_next_app(open_jobs, tmp_path):
    jobs = open_jobs()
    id = submit(jobs, steps=200)
    wait(jobs, lambda: counted(jobs, id) > 1)
    assert jobs.job(id).handle == f"ecomgen-{id}-1"
    assert jobs.usage(id).memory > 2**20
    jobs.stop(id)
    assert end(jobs, id).state == "stopped"
    kept = counted(jobs, id)
    assert 1 < kept < 200
    jobs.resume(id)
    wait(jobs, lambda: counted(jobs, id) > kept)
    store = Store(
        f"sqlite:///{tmp_path / 'feedback.db'}"
    )  # the app died while it handed the run over, a while ago
    store.change_job(id, ["running"], handle="")
    store.close()
    os.utime(jobs.folder(id) / "heartbeat", (0, 0))
    later = open_jobs()
    later.tend()
    assert later.job(id).state == "running"
    assert end(later, id).state == "done"
    assert starts(later, id) == [0, kept]
    assert later.progress(id).share == 1.0


def test_a_killed_job_goes_on_and_one_that_refuses_says_why_and_lets_others_run(open_jobs):
    jobs = open_jobs()
    id, refuses = submit(jobs, steps=60), submit(jobs, how="refuse")
    wait(jobs, lambda: counted(jobs, id) > 1)
    both = processes(id)
    assert len(both) == 2
    before = counted(jobs, id)
    kill(id, both)
    row = end(jobs, id)
    assert (row.state, row.starts) == ("done", 2)
    assert starts(jobs, id)[1] >= before
    row = end(jobs, refuses)
    assert (row.state, row.reason) == ("failed", "The product set holds no photo.")


def test_a_stubborn_job_is_cancelled_and_leaves_no_process_and_no_folder(open_jobs):
    jobs = open_jobs()
    id = submit(jobs, steps=100_000, how="stubborn")
    folder = jobs.folder(id)
    wait(jobs, lambda: counted(jobs, id) > 1)
    jobs.cancel(id)
    assert end(jobs, id).state == "cancelled"
    assert processes(id) == []
    assert not folder.exists()


def test_a_cluster_that_is_not_there_is_one_sentence_and_blocks_nothing(open_jobs):
    jobs = open_jobs("http://127.0.0.1:1")
    id = submit(jobs)
    row = end(jobs, id)
    assert row.state == "failed"
    assert "127.0.0.1:1 does not take it." in row.reason
    found_again = open_jobs()
    found_again.resume(id)
    assert end(found_again, id).state == "done"
