"""Two processes that train together come to what one comes to, and write one set of files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny import tiny_training

from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.training import processes
from ecomgen.training.runlog import read_log
from ecomgen.training.state import load_newest

CONFIG = (
    tiny_training(images=16 * 4, latents=16 * 4, width=16, log_every=1).replace(
        "held_out = 0.1", "held_out = 0.45"
    )
    + """
[adversarial]
images = 48
batch = 16
light = 0.2
log_every = 1
[critic]
width = 8
[selection]
every = 16
pictures = 16
"""
)
PHASES = ("autoencoder", "mapping", "adversarial")


def train(folder: Path, data: Path, out: str, *before: str, config: str = CONFIG) -> str:
    """What a run said."""
    (folder / f"{out}.toml").write_text(config)
    command = [*before, "-m", "ecomgen", "train", f"{out}.toml", "--data", str(data), "--out", out]
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    return f"{ran.stdout}{ran.stderr}"


TOGETHER = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


@pytest.mark.slow  # three programs
def test_two_processes_come_to_what_one_comes_to_and_write_its_files(
    product_zip: Path, tmp_path: Path
) -> None:
    alone = train(tmp_path, product_zip, "one")
    together = train(tmp_path, product_zip, "two", *TOGETHER)
    assert alone.count("The checkpoint is in one.") == together.count("The checkpoint is in two.") == 1
    files = [
        {str(path.relative_to(tmp_path / out)) for path in (tmp_path / out).rglob("*")}
        for out in ("one", "two")
    ]
    assert files[0] == files[1]
    logs = [read_log(tmp_path / out / "log.jsonl") for out in ("one", "two")]
    assert len(logs[0]) == len(logs[1]) > 11
    for one, two in zip(*logs, strict=True):
        assert one["phase"] == two["phase"]
        names = one.keys() - {"time", "phase", "images_per_second", "kid", "best_kid"}
        assert {n: two[n] for n in names} == pytest.approx({n: one[n] for n in names}, rel=0.02, abs=1e-3)
    for phase in PHASES:
        one, two = (load_newest(tmp_path / out / "state" / phase) for out in ("one", "two"))
        start = torch.load(
            tmp_path / "one" / "state" / phase / "step-000000000" / "state.pt", weights_only=True
        )
        assert one is not None
        assert two is not None
        for name in ("synthesis", "encoder", "adversary", "critic", "network"):
            if name not in one:
                continue
            apart, moved = (
                sum(float((one[name][key] - other[name][key]).square().sum()) for key in one[name])
                for other in (two, start)
            )
            assert moved > 0
            # The gradient of the adversary's last bias is 0 but for rounding, of which Adam makes a whole step.
            assert apart < (0.2 if name == "adversary" else 1e-3) ** 2 * moved, (phase, name)
    assert load_checkpoint(tmp_path / "two").training["adversarial_images"] == 48


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_one_sentence(product_zip: Path, tmp_path: Path) -> None:
    said = train(tmp_path, product_zip, "odd", *TOGETHER, config=CONFIG.replace("batch = 16", "batch = 6"))
    assert "A batch of 6 cannot be shared by 2 processes; it has to be a multiple of 8." in said


def test_one_process_has_the_whole_batch() -> None:
    rows = torch.arange(7)
    assert processes.mine(rows) is rows
    torch.manual_seed(3)
    drawn = processes.normal((4, 2))
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.randn(4, 2))
    assert (processes.count(), processes.is_main(), processes.told_by_main(0.1)) == (1, True, 0.1)
