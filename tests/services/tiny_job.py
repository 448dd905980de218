"""A job that counts and keeps its count at each step: `tiny_job.py OUT STEPS SECONDS [how] [--resume]`. It starts at once: no torch."""

import os
import sys
import time
from pathlib import Path

from ecomgen.services.job_folder import FileProgress, read_json, write_json
from ecomgen.services.training import StopOnSignal

out, steps, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
how = sys.argv[4] if len(sys.argv) > 4 else ""
out.mkdir(parents=True, exist_ok=True)
done = read_json(out / "state.json").get("done", 0) if "--resume" in sys.argv else 0
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
if how == "alone":
    os.mkdir(out / "alone")  # fails when another one is there
progress = FileProgress(Path(os.environ["ECOMGEN_PROGRESS"]))
with StopOnSignal() as stop:
    while done < steps and not stop.is_set():
        time.sleep(pause)
        done += 1
        write_json(out / "state.json", {"done": done})
        progress("Counting", done / steps)
    while how == "stubborn" and stop.is_set():
        time.sleep(0.1)
if how == "alone":
    os.rmdir(out / "alone")
sys.exit(0 if done == steps else 130)
