"""A job that counts: a state at each step, as a training saves it. `python tiny_job.py OUT STEPS SECONDS [how] [--resume]`."""

import os
import sys
import time
from pathlib import Path

from ecomgen.services.job_folder import FileProgress
from ecomgen.services.training import StopOnSignal
from ecomgen.training.state import load_newest, save_state

out, steps, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
how = sys.argv[4] if len(sys.argv) > 4 else ""
states = out / "state"
state = load_newest(states) if "--resume" in sys.argv else None
done = state["done"] if state else 0
out.mkdir(parents=True, exist_ok=True)
with (out / "starts.txt").open("a") as starts:
    print(done, file=starts)
if how == "refuse":
    print("The product set holds no photo.", file=sys.stderr)
    sys.exit(2)
if how == "break":
    raise ValueError("An inner thing.")
if how == "full":
    raise OSError(28, "No space left on device")
if how == "die":
    os.kill(os.getpid(), 9)
progress = FileProgress(Path(os.environ["ECOMGEN_PROGRESS"]))
with StopOnSignal() as stop:
    while done < steps and not stop.is_set():
        time.sleep(pause)
        done += 1
        save_state(states, done, {"done": done})
        with (out / "steps.txt").open("a") as told:
            print(done, file=told)
        progress("Counting", done / steps)
    while how == "stubborn" and stop.is_set():
        time.sleep(0.1)
sys.exit(0 if done == steps else 130)
