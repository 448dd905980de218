"""Real processes, all of them: a job that counts (tiny_job.py), and what becomes of it when something dies."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from counting_jobs import TINY, counted, end, starts, submit, wait
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomgen.data.store import Store
from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.services.job_backend import LocalProcesses
from ecomgen.services.job_folder import begin
from ecomgen.services.job_process import MARK, kill, processes
from ecomgen.services.jobs import Jobs


@pytest.fixture
def open_jobs(tmp_path):
    """Opens Jobs, as an app at its start does; no process is left when the test ends."""
    opened = []

    def open_them():
        store = Store(f"sqlite:///{tmp_path / 'feedback.db'}")
        opened.append((Jobs(store, tmp_path, LocalProcesses(grace=2.0), grace=0.5), store))
        return opened[-1][0]

    yield open_them
    left = [row.id for row in open_them().jobs() if processes(row.id)]
    for id in left:
        kill(id, processes(id))
    for jobs, store in opened:
        jobs.close()
        store.close()
    assert not left


@pytest.fixture
def jobs(open_jobs):
    return open_jobs()


def test_a_job_runs_to_its_end(jobs):
    id = submit(jobs, steps=20, visitor="v")
    assert jobs.job(id).state == "queued"
    wait(jobs, lambda: counted(jobs, id) > 1)
    assert jobs.usage(id).memory > 2**20
    row = end(jobs, id)
    assert (row.state, row.starts, row.reason, row.visitor) == ("done", 1, "", "v")
    assert row.created_at <= row.started_at <= row.ended_at
    assert (jobs.progress(id).what, jobs.progress(id).share) == ("Counting", 1.0)
    assert jobs.usage(id).memory == 0
    with pytest.raises(InvalidRequest):
        jobs.stop(id)
    jobs.delete(id)
    assert jobs.jobs() == []


def test_a_stopped_job_goes_on_from_where_it_was(jobs):
    id = submit(jobs, steps=60)
    wait(jobs, lambda: counted(jobs, id) > 1)
    jobs.stop(id)
    assert end(jobs, id).state == "stopped"
    kept = counted(jobs, id)
    assert 1 < kept < 60
    jobs.resume(id)
    assert end(jobs, id).state == "done"
    assert starts(jobs, id) == [0, kept]


def test_a_stop_that_comes_at_once_is_not_lost(jobs):
    id = submit(jobs, steps=100_000)
    jobs.tend()
    jobs.stop(id)
    assert end(jobs, id).state == "stopped"


@pytest.mark.parametrize("how", ["plain", "stubborn"])
def test_a_cancelled_job_leaves_no_process_and_no_folder(jobs, how):
    id = submit(jobs, steps=100_000, how=how)
    folder = jobs.folder(id)
    wait(jobs, lambda: counted(jobs, id) > 1)
    jobs.stop(id)
    jobs.cancel(id)
    assert end(jobs, id).state == "cancelled"
    assert not folder.exists()
    assert processes(id) == []


def test_what_waits_is_stopped_cancelled_and_deleted_at_once(jobs):
    stopped, cancelled = submit(jobs), submit(jobs)
    folder = jobs.folder(cancelled)
    assert jobs.stop(stopped).state == "stopped"
    assert jobs.cancel(cancelled).state == "cancelled"
    assert not folder.exists()
    jobs.delete(stopped)
    jobs.tend()
    assert [row.id for row in jobs.jobs()] == [cancelled]


APP = """
import os, sys, time
from pathlib import Path
from ecomgen.data.store import Store
from ecomgen.services.jobs import Jobs
home = Path(sys.argv[1])
jobs = Jobs(Store(f"sqlite:///{home / 'feedback.db'}"), home)
id = jobs.submit([sys.argv[2], "{folder}/run", "60", "0.05"], "counts").id
print(id, flush=True)
jobs.watch(0.05)
while jobs.progress(id).share == 0:
    time.sleep(0.05)
os.kill(os.getpid(), 9)
"""


def test_a_job_outlives_the_app_and_is_found_by_the_next_one(open_jobs, tmp_path):
    app = subprocess.run([sys.executable, "-c", APP, str(tmp_path), TINY], capture_output=True, text=True)
    assert app.returncode == -signal.SIGKILL, app.stderr
    jobs, id = open_jobs(), app.stdout.strip()
    assert jobs.job(id).state == "running"
    assert end(jobs, id).state == "done"
    assert starts(jobs, id) == [0]


@pytest.mark.parametrize("victim", ["job", "runner", "both"])
def test_a_killed_job_goes_on_from_its_newest_state(jobs, victim):
    id = submit(jobs, steps=60)
    wait(jobs, lambda: counted(jobs, id) > 1)
    runner, both = int(jobs.job(id).handle), processes(id)
    assert len(both) == 2
    before = counted(jobs, id)
    kill(id, [p for p in both if victim == "both" or (p.pid == runner) == (victim == "runner")])
    row = end(jobs, id)
    assert (row.state, row.starts) == ("done", 2)
    assert starts(jobs, id)[1] >= before


def test_a_job_that_is_killed_again_and_again_fails_in_one_sentence_and_lets_others_run(jobs):
    id, other = submit(jobs, how="die"), submit(jobs)
    assert end(jobs, other).state == "done"
    row = end(jobs, id)
    assert (row.state, starts(jobs, id)) == ("failed", [0] * 4)
    assert "memory" in row.reason
    jobs.resume(id)
    assert end(jobs, id).starts == 8


@pytest.mark.parametrize(
    ("how", "said"),
    [("refuse", "The product set holds no photo."), ("break", "did not foresee"), ("full", "disk is full")],
)
def test_a_job_that_fails_says_why(jobs, how, said):
    row = end(jobs, submit(jobs, how=how))
    assert row.state == "failed"
    assert said in row.reason
    assert jobs.log_tail(row.id)


@pytest.mark.parametrize("whose", ["nobody", "a stranger", "unknown"])
def test_a_stale_running_row_never_blocks_the_queue_and_a_stranger_is_left_alone(jobs, tmp_path, whose):
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    gone = subprocess.Popen(["true"])
    gone.wait()
    try:
        handle = {"nobody": str(gone.pid), "a stranger": str(stranger.pid), "unknown": ""}[whose]
        stale, waiting = submit(jobs), submit(jobs)
        store = Store(f"sqlite:///{tmp_path / 'feedback.db'}")
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        store.change_job(stale, ["queued"], state="running", handle=handle, starts=1, started_at=hour_ago)
        store.close()
        assert jobs.usage(stale).memory == 0
        assert end(jobs, waiting).state == "done"
        assert end(jobs, stale).state == "done"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_of_somebody_else_is_never_killed_even_when_it_is_named():
    stranger = subprocess.Popen(["sleep", "1000"])
    try:
        for id in ("f" * 32, ""):
            assert stranger.pid not in {process.pid for process in processes(id)}
            kill(id, [psutil.Process(stranger.pid)])
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_run_that_was_given_up_does_nothing_when_it_begins_late(jobs):
    id = submit(jobs)
    assert begin(jobs.folder(id), 1)
    row = end(jobs, id)
    assert (row.state, row.starts, starts(jobs, id)) == ("done", 2, [0])


def test_a_job_in_a_process_table_that_cannot_be_seen_counts_as_alive_while_its_heart_beats(jobs, tmp_path):
    id = submit(jobs)
    store = Store(f"sqlite:///{tmp_path / 'feedback.db'}")
    store.change_job(id, ["queued"], state="running", handle="1", starts=1, started_at=datetime.now(UTC))
    store.close()
    beat = jobs.folder(id) / "heartbeat"
    beat.write_text("1 another machine")
    jobs.tend()
    assert jobs.job(id).state == "running"
    os.utime(beat, (0, 0))
    assert end(jobs, id).state == "done"


def test_of_twenty_jobs_from_many_threads_and_two_apps_never_two_run_at_a_time(open_jobs, tmp_path):
    apps = [open_jobs(), open_jobs()]
    ids, shared = [], str(tmp_path / "shared")

    def hand_in(app):
        ids.append(submit(app, steps=1, pause=0.02, how="alone", out=shared))

    threads = [threading.Thread(target=hand_in, args=(apps[i % 2],)) for i in range(20)]
    for app in apps:
        app.watch(0.05)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for id in ids:
        end(apps[0], id)
    rows = apps[1].jobs()
    assert {row.id for row in rows} == set(ids)
    assert [(row.state, row.starts) for row in rows] == [("done", 1)] * 20


def test_the_queue_is_served_in_order_and_each_device_has_its_own(jobs):
    ids = [submit(jobs, steps=1) for _ in range(3)]
    other = submit(jobs, steps=100_000, device="cuda")
    assert [row.id for row in jobs.jobs()] == [other, *reversed(ids)]
    for id in ids:
        end(jobs, id)
    begun = [jobs.job(id).started_at for id in ids]
    assert begun == sorted(begun)
    assert jobs.job(other).state == "running"
    jobs.cancel(other)
    end(jobs, other)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["", "../..", "f" * 32, "F" * 32, "a\0", None, 7, ["a"]]) | st.text(max_size=40))
def test_a_hostile_id_is_refused_in_one_sentence(jobs, id):
    for verb in (jobs.job, jobs.folder, jobs.progress, jobs.log_tail, jobs.usage, jobs.stop, jobs.cancel):
        with pytest.raises(InvalidRequest) as refused:
            verb(id)
        assert str(refused.value).endswith(".")
        assert "\n" not in str(refused.value)
    for verb in (jobs.resume, jobs.delete):
        with pytest.raises(InvalidRequest):
            verb(id)


@pytest.mark.parametrize(
    "bad",
    [
        {"command": []},
        {"command": "ls"},
        {"command": ["a\0b"]},
        {"command": [1]},
        {"command": ["x"] * 10_000},
        {"title": "x" * 1000},
        {"title": None},
        {"device": "tpu"},
        {"visitor": 3},
    ],
)
def test_a_job_that_cannot_be_is_refused_and_leaves_nothing(jobs, tmp_path, bad):
    with pytest.raises(EcomgenError) as refused:
        jobs.submit(**{"command": [TINY], "title": "t", **bad})
    assert "\n" not in str(refused.value)
    assert jobs.jobs() == []
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["place"]


def test_only_what_was_stopped_or_failed_goes_on_and_what_runs_is_not_deleted(jobs):
    id = submit(jobs, steps=100_000)
    with pytest.raises(InvalidRequest):
        jobs.resume(id)
    wait(jobs, lambda: counted(jobs, id) > 1)
    with pytest.raises(InvalidRequest):
        jobs.delete(id)
    jobs.cancel(id)
    assert end(jobs, id).state == "cancelled"
    assert os.environ.get(MARK) is None
