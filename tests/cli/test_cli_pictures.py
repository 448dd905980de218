import json
from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes
from refusal import assert_one_sentence


def test_generate_writes_files_and_one_line_each(ecomgen, tmp_path):
    status, out, err = ecomgen(
        "generate", "红色跑鞋", "--count", 3, "--seed", 7, "--no-retry", "--out", tmp_path / "new" / "folder"
    )
    assert (status, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["seed"] for line in lines] == [7, 8, 9]
    assert "红色跑鞋" in out  # readable, not escaped
    for line in lines:
        assert set(line) == {"file", "prompt", "attributes", "seed", "psi", "model", "model_hash"}
        assert Path(line["file"]).read_bytes()[:4] == b"\x89PNG"
        assert line["attributes"]["colour"] == "red"
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 3


def test_the_same_seed_gives_the_same_pixels_whatever_the_count(ecomgen, tmp_path):
    from PIL import Image

    def pixels(*arguments):
        status, out, _ = ecomgen("generate", "black handbag", "--out", tmp_path, *arguments)
        assert status == 0
        return {p["seed"]: Image.open(p["file"]).tobytes() for p in map(json.loads, out.splitlines())}

    many, one = pixels("--seed", 5, "--count", 5), pixels("--seed", 8, "--count", 1)
    assert many[8] == one[8]
    assert len(set(many.values())) == 5


def test_options_reach_the_picture(ecomgen, tmp_path):
    arguments = [
        "red shoes",
        "--count",
        1,
        "--seed",
        1,
        "--psi",
        0.5,
        "--set",
        "colour=blue",
        "--set",
        "season=",
    ]
    extra = ["--variation", 0.3, "--variation-seed", 4, "--format", "webp", "--model", "default"]
    status, out, _ = ecomgen("generate", *arguments, *extra, "--out", tmp_path / "out")
    assert status == 0
    line = json.loads(out)
    assert line["file"].endswith(".webp")
    assert (line["attributes"]["colour"], line["attributes"].get("season")) == ("blue", None)
    assert (line["psi"], line["variation"], line["variation_seed"]) == (0.5, 0.3, 4)


def test_pictures_are_made_from_pictures_and_each_is_made_again_by_its_own_label(ecomgen, tmp_path):
    from PIL import Image

    def files(*arguments):
        status, out, err = ecomgen(*arguments, "--out", tmp_path / "out")
        assert (status, err) == (0, "")
        return [json.loads(line) for line in out.splitlines()]

    shoe = files("generate", "red running shoes", "--count", 1, "--seed", 3)[0]["file"]
    bag = files("generate", "blue handbag", "--count", 1, "--seed", 4)[0]["file"]
    made = files("colours", shoe, "--colour", "green", "--colour", "white")
    assert [line["attributes"]["colour"] for line in made] == ["green", "white"]
    made += files("mix", shoe, bag) + files("between", shoe, bag, "--count", 3)[1:2]
    made += files("vary", made[2]["file"], "--count", 1)
    for line in made:
        options = [f"--set={name}={value or ''}" for name, value in line["attributes"].items()]
        options += [f"--{key}={line[key]}" for key in ("seed", "psi", "origin", "latent") if key in line]
        again = files("generate", line["prompt"], "--count", 1, *options)[0]
        assert Image.open(again["file"]).tobytes() == Image.open(line["file"]).tobytes()


def test_a_photo_is_edited(ecomgen, tmp_path):
    (tmp_path / "bag.jpg").write_bytes(photo_bytes(draw_product("handbags", "red", seed=5)))
    status, out, _ = ecomgen("from-photo", tmp_path / "bag.jpg", "--set", "colour=blue", "--count", 2)
    assert status == 0
    assert [json.loads(line)["attributes"]["colour"] for line in out.splitlines()] == ["blue", "blue"]


def test_a_file_that_ecomgen_did_not_make_is_one_sentence(ecomgen, tmp_path):
    (tmp_path / "bag.png").write_bytes(photo_bytes(draw_product("handbags", "red"), "PNG"))
    assert_one_sentence(ecomgen("colours", tmp_path / "bag.png"))
    assert_one_sentence(ecomgen("mix", tmp_path / "bag.png", tmp_path / "absent.png"))
    assert_one_sentence(ecomgen("from-photo", tmp_path / "absent.png"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "0"],
        ["--count", "10000"],
        ["--count", "-1"],
        ["--seed", str(2**63)],
        ["--seed", "-1"],
        ["--psi", "nan"],
        ["--psi", "7"],
        ["--variation", "2"],
        ["--variation-seed", "-1"],
        ["--model", "nosuchmodel"],
        ["--model", "../default"],
        ["--set", "colour"],
        ["--set", "=red"],
        ["--set", "nosuchattribute=red"],
        ["--set", "colour=nosuchcolour"],
        ["--format", "svg"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence(ecomgen, arguments, tmp_path):
    assert_one_sentence(ecomgen("generate", "red shoes", *arguments))
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize(
    "prompt", ["", " \t", "x" * 10_000, "\x00\x01\x1b"], ids=["empty", "blank", "long", "control"]
)
def test_a_prompt_that_says_nothing_is_one_sentence(ecomgen, prompt):
    assert_one_sentence(ecomgen("generate", prompt, "--count", 1))
    assert_one_sentence(ecomgen("attributes", prompt))


def test_an_out_folder_that_cannot_be_written_is_one_sentence(ecomgen, tmp_path):
    (tmp_path / "file").write_text("")
    assert_one_sentence(ecomgen("generate", "red shoes", "--count", 1, "--out", tmp_path / "file" / "out"))


def test_a_missing_checkpoint_is_one_sentence(ecomgen, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(tmp_path / "nothing"))
    assert_one_sentence(ecomgen("generate", "red shoes", "--count", 1))


def test_the_best_are_told_to_need_thumbs(ecomgen, tmp_path):
    result = ecomgen("generate", "handbag", "--best", "--out", tmp_path)
    assert_one_sentence(result)
    assert "judged" in result[2]
