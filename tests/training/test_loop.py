"""The order of examples, averages, schedules and the states that a run is resumed from."""

import math
import random
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ecomgen.training.runlog import RunLog, read_log
from ecomgen.training.state import load_newest, save_state
from ecomgen.training.steps import (
    average_decay,
    batch_indices,
    falling,
    scaled_adam,
    seed_step,
    set_rate,
    update_average,
)


@given(n=st.integers(1, 40), batch=st.integers(1, 50), seed=st.integers(0, 99))
def test_batches_show_every_example_once_an_epoch(n: int, batch: int, seed: int) -> None:
    steps = math.lcm(n, batch) // batch
    seen = Counter(int(i) for step in range(steps) for i in batch_indices(n, batch, step, seed))
    assert set(seen.values()) == {math.lcm(n, batch) // n}
    assert set(seen) == set(range(n))


def test_batches_depend_on_step_and_seed_alone() -> None:
    assert torch.equal(batch_indices(100, 8, 5, 1), batch_indices(100, 8, 5, 1))
    assert not torch.equal(batch_indices(100, 8, 5, 1), batch_indices(100, 8, 5, 2))


def test_random_numbers_of_a_step_repeat() -> None:
    seed_step(3, 7)
    first = torch.rand(4)
    torch.rand(100)
    seed_step(3, 7)
    assert torch.equal(torch.rand(4), first)


@given(st.floats(0, 1))
def test_the_rate_rises_then_falls_to_its_floor(progress: float) -> None:
    assert 0 < falling(progress) <= 1
    assert falling(1.0) == pytest.approx(0.1)


def test_adam_moves_wide_layers_less() -> None:
    layer = nn.Linear(64, 2)
    optimizer = scaled_adam([layer], 0.01, (0.0, 0.99))
    set_rate(optimizer, 0.02)
    weight, bias = layer.weight.clone(), layer.bias.clone()
    layer(torch.ones(1, 64)).sum().backward()
    optimizer.step()
    assert float((layer.bias - bias).abs().max().detach()) == pytest.approx(0.02, rel=1e-3)
    assert float((layer.weight - weight).abs().max().detach()) == pytest.approx(0.02 / 8, rel=1e-3)


def test_average_halves_its_distance_in_a_half_life() -> None:
    model, average = nn.Linear(1, 1), nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(1.0)
        average.weight.fill_(0.0)
    decay = average_decay(images=10**9, batch=10, half_life=100)
    for _ in range(10):
        update_average(average, model, decay)
    assert float(average.weight.detach()) == pytest.approx(0.5, rel=1e-4)


def test_the_newest_whole_state_is_resumed_and_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_state(tmp_path, step, {"done": step, "w": torch.full((3,), float(step))})
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["step-000000002", "step-000000003"]
    state = load_newest(tmp_path)
    assert state is not None
    assert state["done"] == 3
    damaged = tmp_path / "step-000000003" / "state.pt"
    damaged.write_bytes(damaged.read_bytes()[:-7])
    older = load_newest(tmp_path)
    assert older is not None
    assert older["done"] == 2
    (tmp_path / "step-000000002" / "manifest.json").write_text("{}")
    assert load_newest(tmp_path) is None


def test_of_a_hundred_damaged_states_none_is_loaded_and_the_older_one_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (1, 2):
        save_state(
            tmp_path, step, {"done": step, "w": torch.rand(50, generator=torch.Generator().manual_seed(step))}
        )
    whole = load_newest(tmp_path)
    assert whole is not None
    assert whole["done"] == 2
    assert caplog.messages == []
    newest, chance = tmp_path / "step-000000002", random.Random(0)
    for i in range(100):
        path = newest / ("state.pt" if i % 4 else "manifest.json")
        content = path.read_bytes()
        at = chance.randrange(len(content))
        if i % 4 == 0:  # of the manifest only the checksum: what else it says is not read
            at = content.index(b'"sha256"') + chance.randrange(len('"sha256": "') + 64)
        if i % 2 and chance.random() < 0.5:
            path.write_bytes(content[:at])
        else:
            path.write_bytes(
                content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
            )
        state = load_newest(tmp_path)
        assert state is not None
        assert state["done"] == 1, (i, at)
        assert torch.equal(state["w"], torch.rand(50, generator=torch.Generator().manual_seed(1)))
        assert caplog.messages == ["The saved state step-000000002 is damaged; the one before it is used."]
        caplog.clear()
        path.write_bytes(content)
    assert load_newest(tmp_path)["done"] == 2


def test_a_run_log_survives_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    RunLog(path).write(step=1, loss=0.123456789)
    with path.open("a") as file:
        file.write('{"step": 2, "lo')
    RunLog(path).write(step=3, loss=2.0)
    lines = read_log(path)
    assert [line["step"] for line in lines] == [1, 3]
    assert lines[0]["loss"] == 0.123457


def test_what_a_kill_left_of_a_save_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".step-000000003.4711").mkdir()
    (tmp_path / ".step-000000003.4711" / "state.pt").write_bytes(b"half")
    save_state(tmp_path, 4, {"done": 4})
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000004"]
