"""Kill a job again and again, also while it saves its state, and see whether it always goes on from where it was.

    python benchmarks/jobs.py [--quick]

Each job learns nothing but saves its state after every step as a training does. Its process, the one that watches it, or
both are killed (SIGKILL) at random moments. The last line is a JSON object:

kills           how many, `during_a_save` of them while a state was being written
resumed         after how many the job began again by itself, from a state that was whole
lost_steps_most most steps that one kill cost
stuck           jobs that did not reach their end
orphans         processes that are left at the end
state_intact    whether the newest state was whole after every kill
generation_ratio  how many times longer eight pictures take while a job trains than while it is held (SIGSTOP), taking turns
"""

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ecomgen.data.store import Store
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.generation import Generation
from ecomgen.services.job_folder import FileProgress
from ecomgen.services.job_process import kill, processes
from ecomgen.services.jobs import Jobs
from ecomgen.services.records import GenerationRequest
from ecomgen.services.training import StopOnSignal
from ecomgen.settings import Settings

SIZE = 2_000_000  # numbers in a state, so that saving takes a while
LANES = 3  # jobs at a time, of as many homes: most of the time goes by while torch is imported
DEADLINE = 120.0  # seconds without a step after which a job is stuck


def job(out: Path, resume: bool) -> None:
    """The job itself, until somebody says that it is enough."""
    import torch

    from ecomgen.training.state import load_newest, save_state

    states = out / "state"
    state = load_newest(states) if resume else None
    done = int(state["done"]) if state else 0
    progress = FileProgress(Path(os.environ["ECOMGEN_PROGRESS"]))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "told.txt").open("a") as told, StopOnSignal() as stop:
        print("start", done, file=told, flush=True)
        while not stop.is_set() and not (out / "enough").exists():
            time.sleep(0.1)
            done += 1
            print("step", done, file=told, flush=True)
            progress("Counting", done / (done + 1000))
            save_state(states, done, {"done": done, "weights": torch.full((SIZE,), float(done))})
    sys.exit(130 if stop.is_set() else 0)


def learn() -> None:
    """A job that keeps its threads as busy as a training does, until it is ended."""
    import torch

    progress = FileProgress(Path(os.environ["ECOMGEN_PROGRESS"]))
    layers = torch.nn.Sequential(*(torch.nn.Conv2d(48, 48, 3, padding=1) for _ in range(4)))
    for step in range(10**9):
        layers(torch.randn(16, 48, 64, 64)).square().mean().backward()
        progress("Learning", (step + 1) / 10**9)


def generation_ratio(home: Path, rounds: int) -> float:
    """Of the service itself, with all cores that it takes by default."""
    generation = Generation(settings := Settings(home=home), AttributeReader(settings))
    store = Store(f"sqlite:///{home / 'feedback.db'}")
    jobs = Jobs(store, home)
    id = jobs.submit([str(Path(__file__).resolve()), "--as-training"], "learns").id
    jobs.tend()
    seconds: dict[str, list[float]] = {"held": [], "training": []}
    try:
        begun = time.monotonic()
        while not jobs.progress(id).share:
            if time.monotonic() - begun > DEADLINE:
                raise SystemExit("The job does not begin.")
            time.sleep(0.1)
        for number in range(-1, rounds):
            for name, turn in (("held", signal.SIGSTOP), ("training", signal.SIGCONT)):
                for process in processes(id):
                    process.send_signal(turn)
                time.sleep(0.3)
                start = time.monotonic()
                request = GenerationRequest(prompt="red shoes", count=8, seed=8 * number + 8, retry=False)
                assert len(list(generation.generate(request))) == 8
                if number >= 0:  # the first round warms up
                    seconds[name].append(time.monotonic() - start)
    finally:
        kill(id, processes(id))
        store.close()
    return statistics.median(seconds["training"]) / statistics.median(seconds["held"])


class Lane:
    """One home with one job, which is killed so many times, `in_saves` of them while it saves."""

    def __init__(self, home: Path, kills: int, in_saves: int, chance: random.Random) -> None:
        self.store = Store(f"sqlite:///{home / 'feedback.db'}")
        self.jobs = Jobs(self.store, home)
        self.id = self.jobs.submit([str(Path(__file__).resolve()), "--as-job", "{folder}/run"], "counts").id
        self.out = self.jobs.folder(self.id) / "run"
        self.moments = ["save"] * in_saves + ["any"] * (kills - in_saves)
        self.chance = chance
        self.chance.shuffle(self.moments)
        self.kills, self.during_a_save, self.resumed, self.lost, self.intact = 0, 0, 0, 0, True
        self.stuck = self.orphans = 0

    def run(self) -> "Lane":
        self.jobs.watch(0.1)
        try:
            for moment in self.moments:
                self._wait_for_steps()
                self._kill_in_a_save() if moment == "save" else self._kill_at_any_moment()
            self._wait_for_steps()
            (self.out / "enough").touch()
            self._until(lambda: self.jobs.job(self.id).state == "done")
        except TimeoutError:
            self.stuck = 1
            print(self.jobs.job(self.id), *self.jobs.log_tail(self.id), sep="\n", file=sys.stderr)
        self.jobs.close()
        left = processes(self.id)
        self.orphans = 0 if self.stuck else len(left)
        kill(self.id, left)
        self._judge()
        self.store.close()
        return self

    def _told(self) -> list[tuple[str, int]]:
        try:
            lines = (self.out / "told.txt").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def _until(self, true, every=0.02) -> None:
        begun = time.monotonic()
        while not true():
            if time.monotonic() - begun > DEADLINE:
                raise TimeoutError
            time.sleep(every)

    def _wait_for_steps(self) -> None:
        """Until it has been started once more after the last kill, and made two steps."""

        def on() -> bool:
            told = self._told()
            return (
                sum(what == "start" for what, _ in told) > self.kills
                and [w for w, _ in told[-2:]] == ["step"] * 2
            )

        self._until(on)

    def _kill_at_any_moment(self) -> None:
        time.sleep(self.chance.random() * 0.5)
        runner, members = int(self.jobs.job(self.id).handle), processes(self.id)
        victim = self.chance.choice(["job", "runner", "both"])
        self._strike(
            [p for p in members if victim == "both" or (p.pid == runner) == (victim == "runner")], members
        )

    def _kill_in_a_save(self) -> None:
        runner, members = int(self.jobs.job(self.id).handle), processes(self.id)
        victims = sorted(members, key=lambda p: p.pid == runner)  # the job first: the save is short
        before = set((self.out / "state").glob(".step-*"))

        def half() -> bool:
            """Whether there is a state that is not whole; what an earlier kill left does not count."""
            return bool(set((self.out / "state").glob(".step-*")) - before)

        self._until(half, every=0.001)
        time.sleep(self.chance.random() * 0.005)
        self._strike(victims, members)
        self.during_a_save += half()

    def _strike(self, victims, members) -> None:
        kill(self.id, victims)
        self.kills += 1
        self._until(lambda: not {p.pid for p in processes(self.id)} & {p.pid for p in members})
        from ecomgen.training.state import load_newest

        state = load_newest(self.out / "state")
        whole = state is not None and bool((state["weights"] == float(state["done"])).all())
        self.intact &= whole and len(state["weights"]) == SIZE

    def _judge(self) -> None:
        last = 0
        for what, step in self._told():
            if what == "start" and last:
                self.resumed += step > 0
                self.lost = max(self.lost, last - step)
            last = step


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--quick", action="store_true", help="12 kills instead of 50; under a minute")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--as-job", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--as-training", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--resume", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.as_job:
        job(asked.as_job, asked.resume)
    if asked.as_training:
        learn()
    kills, in_saves = (12, 5) if asked.quick else (50, 20)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ratio = generation_ratio(Path(folder), rounds=5 if asked.quick else 15)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(LANES) as pool:
        lanes = []
        for i in range(LANES):
            share = [len(range(i, total, LANES)) for total in (kills, in_saves)]
            (home := Path(folder) / str(i)).mkdir()
            lanes.append(Lane(home, *share, random.Random(asked.seed * LANES + i)))
        done = list(pool.map(Lane.run, lanes))
    result = {
        "kills": sum(lane.kills for lane in done),
        "during_a_save": sum(lane.during_a_save for lane in done),
        "resumed": sum(lane.resumed for lane in done),
        "lost_steps_most": max(lane.lost for lane in done),
        "stuck": sum(lane.stuck for lane in done),
        "orphans": sum(lane.orphans for lane in done),
        "state_intact": all(lane.intact for lane in done),
        "generation_ratio": round(ratio, 2),
        "seconds": round(time.monotonic() - begun, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
