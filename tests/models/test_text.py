"""The text encoder: shapes, saving, and every way in which somebody else's model can be unusable."""

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
)

from ecomgen.errors import CheckpointError
from ecomgen.models.text import Readout, TextEncoder
from ecomgen.schema import default_schema
from ecomgen.training.text import train_tokenizer

TEXTS = ["red running shoes", "红色跑鞋", "navy blue", "", "👟 \u202eabc", "word " * 200]


@pytest.fixture(scope="module")
def tiny() -> TextEncoder:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(["red running shoes", "红色跑鞋", "blue leather belt"] * 2, 300, 24)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=24, bos_token_id=0, eos_token_id=1, pad_token_id=2, projection_dim=16,
    )  # fmt: skip
    readout = Readout(default_schema(), 32, 48)
    return TextEncoder(CLIPTextModel(config), tokenizer, readout).eval().requires_grad_(False)


@pytest.fixture
def saved(tiny: TextEncoder, tmp_path: Path) -> Path:
    tiny.save(tmp_path / "text")
    return tmp_path / "text"


def test_vectors_have_length_one_and_do_not_depend_on_neighbours(tiny: TextEncoder) -> None:
    together = tiny.embed(TEXTS)
    assert together.shape == (len(TEXTS), tiny.dim)
    assert together.dtype == torch.float32
    assert torch.allclose(together.norm(dim=1), torch.ones(len(TEXTS)))
    for text, vector in zip(TEXTS, together, strict=True):
        assert torch.equal(tiny.embed([text])[0], vector)
    assert tiny.embed([]).shape == (0, tiny.dim)


def test_readings_are_distributions_also_of_texts_longer_than_the_model(tiny: TextEncoder) -> None:
    for text in TEXTS:
        for attribute, probabilities in zip(default_schema(), tiny.read(text), strict=True):
            assert probabilities.shape == (1 + len(attribute.values),)
            assert probabilities.sum().item() == pytest.approx(1, abs=1e-5)


def test_padding_does_not_change_a_reading(tiny: TextEncoder) -> None:
    assert tiny.readout is not None
    ids, mask = tiny.tokens(["red shoes", "a much longer prompt about red shoes"])
    short_ids, short_mask = tiny.tokens(["red shoes"])
    both = tiny.readout(*(lambda s, p: (s, mask, p))(*tiny.states(ids, mask)))
    one = tiny.readout(*(lambda s, p: (s, short_mask, p))(*tiny.states(short_ids, short_mask)))
    for a, b in zip(both, one, strict=True):
        assert torch.allclose(a[:1], b, atol=1e-5)


def test_saved_and_loaded_is_the_same_and_transformers_can_load_the_folder(
    tiny: TextEncoder, saved: Path
) -> None:
    loaded = TextEncoder.load(saved)
    assert torch.allclose(loaded.embed(TEXTS), tiny.embed(TEXTS), atol=2e-2)  # fp16 on disk
    assert loaded.hash() == TextEncoder.load(saved).hash() != tiny.hash()
    assert loaded.readout is not None
    assert loaded.readout.schema == default_schema()
    assert next(loaded.parameters()).dtype == torch.float32
    _, report = CLIPTextModel.from_pretrained(saved, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]


def test_a_model_with_projection_and_without_readout_can_be_loaded(tiny: TextEncoder, tmp_path: Path) -> None:
    CLIPTextModelWithProjection(tiny.clip.config).save_pretrained(tmp_path)
    tiny.tokenizer.save_pretrained(tmp_path)
    encoder = TextEncoder.load(tmp_path)
    assert encoder.readout is None
    assert encoder.embed(["red"]).shape == (1, encoder.width)
    with pytest.raises(CheckpointError):
        encoder.read("red")


VISION = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32, "patch_size": 16,
}  # fmt: skip


def test_the_text_half_of_a_whole_clip_model_is_used(tiny: TextEncoder, tmp_path: Path) -> None:
    text = {k: v for k, v in tiny.clip.config.to_dict().items() if k not in ("model_type", "dtype")}
    whole = CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=16)).eval()
    whole.save_pretrained(tmp_path)
    tiny.tokenizer.save_pretrained(tmp_path)
    encoder = TextEncoder.load(tmp_path)
    ids, mask = encoder.tokens(["red shoes"])
    with torch.no_grad():
        wanted = whole.text_model(input_ids=ids, attention_mask=mask).pooler_output
    assert torch.allclose(encoder.states(ids, mask)[1], wanted, atol=1e-6)


def test_chinese_clip_is_read_by_its_first_token(tmp_path: Path) -> None:
    """A whole model as on the hub, with a plain vocab.txt, and its text model as this package saves it."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"红色跑鞋黑女士手提包",
        "red",
        "shoes",
        "shoe",
        "##s",
    ]
    text = {
        "vocab_size": len(words), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "max_position_embeddings": 48,
    }  # fmt: skip
    whole = ChineseCLIPModel(
        ChineseCLIPConfig(text_config=text, vision_config=VISION, projection_dim=16)
    ).eval()
    whole.save_pretrained(tmp_path / "whole")
    (tmp_path / "whole" / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    encoder = TextEncoder.load(tmp_path / "whole")
    ids, mask = encoder.tokens(["红色跑鞋", "red shoes"])
    assert ids[0].tolist() == [2, 5, 6, 7, 8, 3]
    with torch.no_grad():
        wanted = whole.text_model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    assert torch.allclose(encoder.states(ids, mask)[1], wanted, atol=1e-6)
    encoder.readout = Readout(default_schema(), encoder.width, 24).eval()
    assert len(encoder.read("红色跑鞋" * 40)) == len(
        default_schema().names
    )  # longer than the model reads at once
    encoder.save(tmp_path / "text")
    again = TextEncoder.load(tmp_path / "text")
    assert torch.allclose(again.embed(TEXTS), encoder.embed(TEXTS), atol=2e-2)  # fp16 on disk


def test_unusable_models_are_refused_in_one_sentence(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # else it tries for 20 s
    BertConfig().save_pretrained(tmp_path / "bert")
    empty = tmp_path / "empty"
    empty.mkdir()
    for name in (tmp_path / "bert", empty, tmp_path / "nowhere", "no-such-owner/no-such-model"):
        with pytest.raises(CheckpointError) as caught:
            TextEncoder.load(name)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file", ["model.safetensors", "tokenizer.json", "readout.safetensors", "readout.json", "config.json"]
)
def test_damaged_files_are_refused(saved: Path, file: str) -> None:
    path = saved / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError):
        TextEncoder.load(saved)


def test_weights_and_readouts_of_another_model_are_refused(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    with pytest.raises(CheckpointError):
        TextEncoder.load(saved)
