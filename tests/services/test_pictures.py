import json
import os
import uuid
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ecomgen.errors import InvalidRequest, StoreError
from ecomgen.services.pictures import SUFFIXES, encode_picture, prune, read_label, save_picture
from ecomgen.services.records import Picture


def picture(prompt="红色跑鞋", seed=7):
    return Picture(
        id=uuid.uuid4().hex,
        image=Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)),
        prompt=prompt,
        attributes={"colour": "red", "material": None},
        seed=seed,
        psi=0.8,
        variation=0.0,
        variation_seed=0,
        model="default",
        model_hash="abc",
    )


@pytest.mark.parametrize("format", SUFFIXES)
def test_every_format_carries_its_recipe_and_the_marks(tmp_path, format):
    made = picture()
    path = save_picture(made, tmp_path / "new" / "1.5-a", format)
    assert path == tmp_path / "new" / f"1.5-a{SUFFIXES[format]}"
    assert read_label(path) == json.loads(json.dumps(made.parameters()))
    with Image.open(path) as image:
        image.load()
        assert (image.format, image.size, image.mode) == (format.upper(), (64, 64), "RGB")
        xmp = image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()
    text = xmp.decode()
    found = ElementTree.fromstring(text[text.index("<x:xmpmeta") : text.index("<?xpacket end")])
    marks = {element.tag: element.text for element in found.iter()}
    source = marks["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
    assert source == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    aigc = json.loads(marks["{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC"])
    assert (aigc["Label"], aigc["ProduceID"]) == ("1", made.id)
    assert list(aigc)[1:] == [
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]


def test_png_keeps_every_pixel(tmp_path):
    made = picture()
    with Image.open(save_picture(made, tmp_path / "a", "png")) as image:
        assert image.tobytes() == made.image.tobytes()


@settings(max_examples=30, deadline=None)
@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_prompt_survives_in_any_format(tmp_path_factory, prompt):
    folder = tmp_path_factory.getbasetemp()
    for format in SUFFIXES:
        assert read_label(save_picture(picture(prompt), folder / "any", format))["prompt"] == prompt


def test_half_a_character_does_not_stop_the_save(tmp_path):
    assert read_label(save_picture(picture("shoes \ud800"), tmp_path / "a"))["prompt"].startswith("shoes")


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="png, jpeg, webp"):
        save_picture(picture(), tmp_path / "a", "svg")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        save_picture(picture(), tmp_path / "file" / "a")


def test_nothing_half_written_stays(tmp_path):
    (tmp_path / "a.png").mkdir()  # the rename onto it fails
    with pytest.raises(StoreError):
        save_picture(picture(), tmp_path / "a")
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nxxxx", b"GIF89a", b"<svg/>"])
def test_no_picture_no_label(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert read_label(tmp_path / "a.png") is None


def test_a_foreign_picture_has_no_label(tmp_path):
    for suffix in SUFFIXES.values():
        Image.new("RGB", (8, 8)).save(tmp_path / f"a{suffix}")
        assert read_label(tmp_path / f"a{suffix}") is None
    assert read_label(tmp_path / "absent.png") is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's about damaged EXIF
@settings(max_examples=60, deadline=None)
@given(data=st.data(), format=st.sampled_from(sorted(SUFFIXES)))
def test_a_damaged_file_never_raises(tmp_path_factory, data, format):
    content = bytearray(encode_picture(picture(), format))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    label = read_label(path)
    assert label is None or isinstance(label, dict)


def test_prune_deletes_the_oldest_that_nobody_voted_on(tmp_path):
    for i, name in enumerate("abcdef"):
        (tmp_path / f"{name}.png").write_bytes(b"")
        os.utime(tmp_path / f"{name}.png", (i, i))
    (tmp_path / "notes.txt").write_text("")
    assert prune(tmp_path, 2, spared={"a"}) == 3
    assert sorted(os.listdir(tmp_path)) == ["a.png", "e.png", "f.png", "notes.txt"]
    assert prune(tmp_path, 2, spared={"a"}) == 0
    assert prune(tmp_path / "absent", 2, spared=set()) == 0
