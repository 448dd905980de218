import json

from drawing import draw_product, photo_bytes, write_product_set
from refusal import assert_one_sentence


def test_attributes_are_json(ecomgen):
    status, out, _ = ecomgen("attributes", "red running shoes")
    assert status == 0
    found = json.loads(out)
    assert found["colour"]["value"] == "red"
    assert 0.5 < found["colour"]["confidence"] <= 1
    assert found["season"]["value"] is None


def test_photos_are_recognised_one_line_each(ecomgen, seeing, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(seeing))
    for colour in ("red", "blue"):
        (tmp_path / f"{colour}.jpg").write_bytes(photo_bytes(draw_product("handbags", colour, seed=5)))
    (tmp_path / "page.svg").write_text("<svg/>")
    status, out, err = ecomgen(
        "recognise", tmp_path / "red.jpg", tmp_path / "page.svg", tmp_path / "blue.jpg"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["attributes"]["colour"]["value"] for line in lines] == ["red", "blue"]
    assert {line["attributes"]["category"]["value"] for line in lines} == {"handbags"}
    assert status == 2
    assert (
        err
        == f"{tmp_path / 'page.svg'}: The photo cannot be used: it is not a PNG, JPEG or WebP photo, or it is damaged.\n"
    )


def test_a_set_is_labelled(ecomgen, seeing, product_zip, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(seeing))
    out_file = tmp_path / "new" / "metadata.csv"
    status, out, err = ecomgen("label", product_zip, "--out", out_file, "--sure", 1, "--first", 4)
    assert status == 0
    assert "lists 36 photos; guessed: nothing." in err
    asked = [json.loads(line) for line in out.splitlines()]
    assert asked == []  # its titles and columns say all that this recogniser could
    write_product_set(tmp_path / "bare", 8, metadata="")
    status, out, err = ecomgen("label", tmp_path / "bare", "--out", out_file, "--sure", 1, "--first", 4)
    asked = [json.loads(line) for line in out.splitlines()]
    assert len(asked) == 4
    assert set(asked[0]["unsure"]) == {"colour", "pattern"}  # its folders say the category
    assert_one_sentence(ecomgen("label", tmp_path / "nothing", "--out", out_file))
    assert_one_sentence(ecomgen("label", tmp_path / "bare", "--out", out_file, "--sure", 7))


def test_without_a_recogniser_photos_are_one_sentence(ecomgen, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(tmp_path))
    assert_one_sentence(ecomgen("recognise", tmp_path / "photo.jpg"))


def test_a_set_is_checked_and_made_ready(ecomgen, seeing, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(seeing))
    source = write_product_set(tmp_path / "set", 6, size=(90, 120))
    (source / "images/0001.jpg").write_bytes(photo_bytes(draw_product("belts", "red", (30, 30))))
    (source / "notes.txt").write_text("hello")
    status, out, err = ecomgen(
        "check",
        source,
        "--json",
        tmp_path / "new/found.json",
        "--out",
        tmp_path / "ready",
        "--leave-out",
        "tiny",
    )
    assert status == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"file_name": "images/0001.jpg", "faults": [{"kind": "tiny"}]},
        {"file_name": "notes.txt", "refused": "It is not a PNG, JPEG or WebP photo."},
    ]
    assert "6 photos of 30 to 120 pixels" in err
    assert "1 files refused; found: tiny 1." in err
    assert "ready holds 5 photos, ready for training." in err
    assert len(json.loads((tmp_path / "new/found.json").read_text())["products"]) == 6
    assert_one_sentence(ecomgen("check", tmp_path / "nothing"))
    assert_one_sentence(ecomgen("check", source, "--size", 7))
    assert_one_sentence(ecomgen("check", source, "--out", tmp_path / "other", "--leave-out", "ugly"))
