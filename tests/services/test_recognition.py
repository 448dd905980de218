"""Photos to attributes, on a recogniser taught here."""

import io
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawing import COLOURS, draw_product, photo_bytes
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from seeing import OTHER, OTHER_COLOUR, TAUGHT

from ecomgen.errors import CheckpointError, InvalidRequest
from ecomgen.services.generation import Generation
from ecomgen.services.recognition import Recognition
from ecomgen.settings import Settings


@pytest.fixture(scope="module")
def recognition(seeing: Path) -> Recognition:
    return Recognition(Settings(checkpoints=seeing))


def test_photos_are_recognised(recognition: Recognition) -> None:
    right = 0
    for category in (*TAUGHT, OTHER):
        for colour in COLOURS:
            seen = recognition.recognise(draw_product(category, colour, size=(90, 70), seed=77))
            assert tuple(seen) == ("category", "colour", "pattern")
            assert all(0 <= reading.confidence <= 1 for reading in seen.values())
            wanted = (category, colour)
            right += sum(
                seen[name].value == (None if value in (OTHER, OTHER_COLOUR) else value)
                for name, value in zip(("category", "colour"), wanted, strict=True)
            )
    assert right / (2 * (len(TAUGHT) + 1) * len(COLOURS)) >= 0.9


def test_framing_is_that_of_training(recognition: Recognition) -> None:
    """A larger photo with empty border around the product reads like the product alone."""
    product = draw_product("handbags", "red", size=(200, 200), seed=3)
    roomy = Image.new("RGB", (800, 700), "white")
    roomy.paste(product.resize((500, 500)), (20, 190))
    near, far = recognition.frame(product), recognition.frame(roomy)
    assert near.shape == far.shape == (16, 16, 3)
    assert near.dtype == np.uint8
    assert np.abs(near.astype(int) - far).mean() < 12
    assert recognition.recognise(roomy)["category"].value == "handbags"


def test_what_is_not_sure_is_not_told(recognition: Recognition) -> None:
    sight = recognition.look([recognition.frame(draw_product("belts", "blue", seed=i)) for i in range(4)])
    assert sight.features.shape == (4, 256)
    for rows in sight.probabilities.values():
        assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert all(r.value is None for told in recognition.readings(sight, 1.01) for r in told.values())
    likeliest = recognition.readings(sight, 0.0)
    assert all(told["colour"].value == "blue" for told in likeliest)
    assert len(recognition.look([]).features) == 0
    assert recognition.readings(recognition.look([])) == []


def hostile() -> dict[str, bytes]:
    whole = photo_bytes(draw_product("belts", "red"), "PNG")
    bomb = bytearray(photo_bytes(Image.new("RGB", (4, 4)), "PNG"))
    bomb[16:24] = struct.pack(">2I", 30_000, 30_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))
    gif = io.BytesIO()
    Image.new("RGB", (4, 4)).save(gif, "GIF")
    return {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "bomb": bytes(bomb),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "html": b"<html><script>alert(1)</script>",
        "gif": gif.getvalue(),
        "text": b"red shoes" * 100,
        "large": b"\xff\xd8\xff\xe0" + bytes(33 * 2**20),
    }


@pytest.mark.parametrize("kind", hostile())
def test_hostile_files_are_refused_in_one_sentence(recognition: Recognition, kind: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        recognition.open(hostile()[kind])
    sentence = str(caught.value)
    assert sentence.startswith("The photo ")
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    assert "\n" not in sentence


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"]))
def test_any_bytes_are_a_photo_or_refused(content: bytes, magic: bytes) -> None:
    try:
        image = Recognition(Settings()).open(magic + content)
    except InvalidRequest:
        return
    assert image.mode == "RGB"


def test_many_threads_load_once_and_see_the_same(seeing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecomgen.services import recognition as module

    loads = []
    read = module._read
    monkeypatch.setattr(module, "_read", lambda folder: loads.append(folder) or read(folder))
    shared = Recognition(Settings(checkpoints=seeing))
    photo, found = draw_product("belts", "green"), []
    threads = [threading.Thread(target=lambda: found.append(shared.recognise(photo))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(one == found[0] for one in found)
    assert len(loads) == 1


def test_a_missing_or_damaged_recogniser_is_one_sentence(seeing: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no recogniser .*\.$"):
        Recognition(Settings(checkpoints=tmp_path)).recognise(draw_product("belts", "green"))
    (tmp_path / "vision").mkdir()
    (tmp_path / "vision" / "config.json").write_bytes((seeing / "vision" / "config.json").read_bytes())
    (tmp_path / "vision" / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(CheckpointError, match=r"damaged .*\.$"):
        Recognition(Settings(checkpoints=tmp_path)).load()


def test_a_recogniser_is_not_listed_among_the_generators(seeing: Path) -> None:
    from ecomgen.services.attributes import AttributeReader

    settings = Settings(checkpoints=seeing)
    assert Generation(settings, AttributeReader(settings)).models() == []
