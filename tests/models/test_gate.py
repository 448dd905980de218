"""The quality gate's files and its score, on a recogniser with random weights."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny import tiny_judge

from ecomgen.errors import CheckpointError
from ecomgen.models.gate import SIGNALS, TYPICAL, WEIGHING, Typical, Weighing, load_gate, look
from ecomgen.models.learnt import LEARNT, Learnt

RECOGNISER = tiny_judge()
WIDTH = {name: 256 if name == "texture" else 1 for name in SIGNALS}


def typical() -> Typical:
    torch.manual_seed(0)
    return Typical(("belts", "caps"), torch.randn(2, 256), torch.eye(256), 0.5, RECOGNISER.hash())


def weighing(**changes: object) -> Weighing:
    weights = {name: (1.0 if name == "realism" else 0.0,) * width for name, width in WIDTH.items()}
    return dataclasses.replace(Weighing(weights, 0.25, 0.4, RECOGNISER.hash()), **changes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    typical().save(tmp_path)
    weighing().save(tmp_path)
    gate = load_gate(RECOGNISER, tmp_path, tmp_path)
    assert gate
    assert gate.weighing == weighing()
    assert gate.typical.categories == ("belts", "caps")
    torch.testing.assert_close(gate.typical.means, typical().means)
    pictures = torch.rand(3, 3, 32, 32) * 2 - 1  # larger than the recogniser takes
    asked = [{"category": "belts", "colour": "red"}, {"category": None}, {"category": "mugs"}]
    score = gate.score(pictures, asked)
    realism = look(RECOGNISER, gate.typical, pictures, asked)["realism"][:, 0]
    torch.testing.assert_close(score, torch.sigmoid(realism + 0.25))


def test_a_copy_of_what_was_learnt_from_is_of_no_use(tmp_path: Path) -> None:
    pictures = torch.rand(3, 3, 16, 16) * 2 - 1
    points = torch.nn.functional.normalize(RECOGNISER.features(pictures), dim=1)
    Learnt(torch.eye(256), points[1:2], 0.01, RECOGNISER.hash()).save(tmp_path)
    typical().save(tmp_path)
    weighing().save(tmp_path)
    gate = load_gate(RECOGNISER, tmp_path, tmp_path)
    assert gate
    assert (gate.score(pictures, [{}] * 3) == 0).tolist() == [False, True, False]
    (tmp_path / LEARNT).write_bytes(b"no photos")
    with pytest.raises(CheckpointError):
        load_gate(RECOGNISER, tmp_path, tmp_path)
    Learnt(torch.eye(256), points[1:2], 0.01, "another").save(tmp_path)
    other = load_gate(RECOGNISER, tmp_path, tmp_path)
    assert other
    assert other.learnt is None


def test_realism_is_the_distance_to_the_category_or_to_the_nearest() -> None:
    t = typical()
    near = torch.nn.functional.normalize(t.means, dim=1)
    t = dataclasses.replace(t, means=near)
    belt = near[:1] + 0.01 * torch.randn(1, 256)
    own, other, nothing_asked, unknown = (
        float(t.realism(belt, [name])) for name in ("belts", "caps", None, "mugs")
    )
    assert own > other
    assert nothing_asked == unknown == own


def test_signals_say_whether_it_is_what_was_asked() -> None:
    pictures = torch.zeros(2, 3, 16, 16)
    seen = RECOGNISER.read(pictures)["colour"][0]
    red = 1 + RECOGNISER.config.values["colour"].index("red")
    found = look(RECOGNISER, typical(), pictures, [{"colour": "red"}, {"colour": "mauve"}])
    assert {name: s.shape for name, s in found.items()} == {name: (2, w) for name, w in WIDTH.items()}
    torch.testing.assert_close(found["colour"][:, 0], torch.stack([seen[red], seen[0]]).log())
    assert found["category"].abs().max() == 0  # none was asked for


def test_without_its_files_or_with_another_recogniser_there_is_no_gate(tmp_path: Path) -> None:
    assert load_gate(RECOGNISER, tmp_path, tmp_path) is None
    typical().save(tmp_path)
    assert load_gate(RECOGNISER, tmp_path, tmp_path) is None
    weighing(recogniser="another").save(tmp_path)
    assert load_gate(RECOGNISER, tmp_path, tmp_path) is None


@pytest.mark.parametrize("name", [TYPICAL, WEIGHING])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\x00nothing"])
def test_damaged_files_are_told(tmp_path: Path, name: str, content: bytes) -> None:
    typical().save(tmp_path)
    weighing().save(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_gate(RECOGNISER, tmp_path, tmp_path)
