"""Adapters on tiny networks: what was learnt is what is loaded, and files that nobody vouches for are refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny import tiny_adapter, tiny_checkpoint

from ecomgen.errors import CheckpointError
from ecomgen.models.adapter import AdapterConfig, Turn, make_adaptable, merge, read_adapter
from ecomgen.models.checkpoint import (
    ADAPTER,
    Checkpoint,
    _digest,
    apply_adapter,
    load_checkpoint,
    save_checkpoint,
)

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A base, and an adapter "teapots" over it."""
    save_checkpoint(tmp_path / "base", proper_base())
    tiny_adapter(tmp_path / "teapots", load_checkpoint(tmp_path / "base"))
    return tmp_path


def proper_base() -> Checkpoint:
    """A tiny checkpoint whose encoder undoes its base picture, as that of a trained one does."""
    checkpoint = tiny_checkpoint("base")
    synthesis, encoder = checkpoint.generator.synthesis, checkpoint.encoder
    pixels, w_dim = synthesis.base.weight.shape
    directions = torch.linalg.qr(torch.randn(pixels, w_dim))[0]
    deviation = torch.linspace(3, 1, w_dim)
    synthesis.set_base(directions * deviation, torch.randn(pixels) * 0.1)
    with torch.no_grad():
        encoder.base.weight.copy_((directions / deviation).t())
        encoder.base.bias.copy_(-encoder.base.weight @ synthesis.base.bias)
    return checkpoint


@torch.inference_mode()
def pictures(checkpoint: Checkpoint) -> torch.Tensor:
    z = torch.randn(3, 12, generator=torch.Generator().manual_seed(0))
    asked = checkpoint.vocabulary.lookup([{"category": "teapots"}])
    return checkpoint.generator(z, checkpoint.generator.schedule(*asked))


def test_what_was_learnt_is_what_is_merged():
    base = proper_base()
    learning, encoder = copy.deepcopy(base.generator), copy.deepcopy(base.encoder)
    pixels, w_dim = learning.synthesis.base.weight.shape
    turn = Turn(
        torch.linalg.qr(torch.randn(pixels, 2))[0],
        torch.cat([torch.linalg.qr(torch.randn(w_dim, w_dim))[0], torch.zeros(2, w_dim)]),
        torch.randn(w_dim + 2) * 0.1,
    ).rounded()
    turn.apply(learning.synthesis, encoder)
    tensors = {f"base.{name}": each for name, each in turn._asdict().items()}
    for name in ("condition", "mapping", "synthesis"):
        part = getattr(learning, name)
        make_adaptable(part, name, AdapterConfig(rank=2, leave_rank=3))
        with torch.no_grad():
            for parameter in part.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.1 * torch.randn(parameter.shape))
        tensors |= read_adapter(part, name)
    merged, _ = merge(base.generator, base.encoder, tensors)
    z, asked = torch.randn(4, w_dim), base.vocabulary.lookup([{"category": "belts"}])
    with torch.no_grad():
        torch.testing.assert_close(
            merged(z, merged.schedule(*asked)), learning(z, learning.schedule(*asked)), atol=1e-3, rtol=1e-3
        )
    assert base.generator.synthesis.first.weight.equal(proper_base().generator.synthesis.first.weight)


def test_an_adapter_that_learnt_nothing_draws_and_sees_as_its_base():
    base = proper_base()
    with torch.no_grad():  # fills what a convolution keeps of its weights
        base.generator.synthesis(torch.zeros(1, 12))
    tensors: Tensors = {}
    for name in ("condition", "mapping", "synthesis"):
        part = copy.deepcopy(getattr(base.generator, name))
        make_adaptable(part, name, AdapterConfig(rank=2))
        tensors |= read_adapter(part, name)
    pixels = len(base.generator.synthesis.base.weight)
    turn = Turn(torch.zeros(pixels, 1), torch.eye(13, 12), torch.zeros(13))
    tensors |= {f"base.{name}": each for name, each in turn._asdict().items()}
    generator, encoder = merge(base.generator, base.encoder, tensors)
    w, photo = torch.randn(2, 12), torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(generator.synthesis(w), base.generator.synthesis(w), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(encoder(photo)[0], base.encoder(photo)[0], atol=1e-3, rtol=1e-3)


def test_several_adapters_go_over_one_base_which_stays_as_it_is(place: Path):
    base = load_checkpoint(place / "base")
    before = copy.deepcopy(base.generator.state_dict())
    tiny_adapter(place / "cups", base, seed=2)
    drawn = [pictures(apply_adapter(place / name, base)) for name in ("teapots", "cups", "teapots")]
    assert drawn[0].equal(drawn[2])
    assert not torch.allclose(drawn[0], drawn[1])
    assert all(before[name].equal(tensor) for name, tensor in base.generator.state_dict().items())
    assert pictures(load_checkpoint(place / "teapots")).equal(drawn[0])


def test_the_base_is_known_by_its_weights_and_not_by_its_name(place: Path, tmp_path: Path):
    hash_before = load_checkpoint(place / "teapots").hash
    (place / "base").rename(place / "renamed")
    assert load_checkpoint(place / "teapots").hash == hash_before
    (place / "elsewhere").mkdir()
    (place / "renamed").rename(place / "elsewhere" / "base")
    save_checkpoint(place / "base", tiny_checkpoint("base", seed=5))
    with pytest.raises(CheckpointError, match="“base”, which is not here, or not as it was"):
        load_checkpoint(place / "teapots")
    assert load_checkpoint(place / "teapots", [place / "elsewhere"]).hash == hash_before
    with pytest.raises(CheckpointError, match="another base"):
        apply_adapter(place / "teapots", load_checkpoint(place / "base"))


def rewrite(folder: Path, change: Callable[[Tensors], object]) -> None:
    """Change the tensors of an adapter as somebody would who knows of the checksum."""
    tensors = load_file(folder / ADAPTER)
    change(tensors)
    save_file(tensors, folder / ADAPTER)
    plain = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**plain, "sha256": _digest([folder / ADAPTER])}))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["mapping.enter.up"].fill_(float("nan")),
        lambda t: t["vocabulary.value"].fill_(float("inf")),
        lambda t: t["mapping.std"].zero_(),
        lambda t: t.pop("condition.null"),
        lambda t: t.pop("mapping.enter.down"),
        lambda t: t.pop("base.shift"),
        lambda t: t.update({"base.turn": t["base.turn"].t().contiguous()}),
        lambda t: t.update({"mapping.enter.up": torch.zeros(3)}),
        lambda t: t.update({"synthesis.first.up": torch.zeros(16, 3)}),
        lambda t: t.update({"synthesis.base.weight": torch.zeros(2)}),
        lambda t: t.update({"vocabulary.value": torch.zeros(7, 8)}),
        lambda t: t.clear() or t.update({"x": torch.zeros(1)}),
    ],
)
def test_tensors_that_do_not_fit_are_one_sentence(place: Path, change: Callable[[Tensors], object]):
    rewrite(place / "teapots", change)
    with pytest.raises(CheckpointError, match="damaged") as told:
        load_checkpoint(place / "teapots")
    assert "\n" not in str(told.value)


@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_are_one_sentence(place: Path, where: int, turned: int, short: bool):
    path = place / "teapots" / ADAPTER
    good = path.read_bytes()
    where %= len(good)
    path.write_bytes(
        good[:where] if short else good[:where] + bytes([good[where] ^ turned]) + good[where + 1 :]
    )
    try:
        with pytest.raises(CheckpointError):
            load_checkpoint(place / "teapots")
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize(
    "needs", [None, "base", [], {}, {"base_hash": 3}, {"base": {}, "base_hash": "0" * 12}]
)
def test_a_config_that_names_no_base_is_one_sentence(place: Path, needs: object):
    path = place / "teapots" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "adapter": needs}))
    with pytest.raises(CheckpointError):
        load_checkpoint(place / "teapots")
