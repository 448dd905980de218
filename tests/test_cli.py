import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawing import draw_product, photo_bytes, write_product_set

from ecomgen import __version__, cli


@pytest.fixture
def ecomgen(monkeypatch, capsys, tmp_path):
    """Run the command in this process: (exit status, standard output, standard error)."""
    monkeypatch.setenv("ECOMGEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ecomgen", *map(str, arguments)])
        status = 0
        try:
            cli.main()
        except SystemExit as ended:
            status = ended.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def assert_one_sentence(result):
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith(".\n")
    assert "Traceback" not in err


def test_help_and_version():
    helped = subprocess.run([sys.executable, "-m", "ecomgen", "--help"], capture_output=True, text=True)
    assert helped.returncode == 0
    commands = (
        "generate",
        "attributes",
        "recognise",
        "label",
        "pretrain",
        "train",
        "evaluate",
        "gate",
        "lighten",
        "models",
        "serve",
    )
    for command in commands:
        assert command in helped.stdout
    asked = subprocess.run([sys.executable, "-m", "ecomgen", "--version"], capture_output=True, text=True)
    assert asked.stdout == f"ecomgen {__version__}\n"


def test_the_installed_command_is_the_module():
    installed = Path(sys.executable).with_name("ecomgen")
    asked = subprocess.run([installed, "--version"], capture_output=True, text=True)
    assert asked.stdout == f"ecomgen {__version__}\n"


def test_heavy_modules_wait():
    code = "import sys, ecomgen.cli; print({'torch', 'gradio', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_generate_writes_files_and_one_line_each(ecomgen, tmp_path):
    status, out, err = ecomgen(
        "generate", "红色跑鞋", "--count", 3, "--seed", 7, "--out", tmp_path / "new" / "folder"
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


def test_attributes_are_json(ecomgen):
    status, out, _ = ecomgen("attributes", "red running shoes")
    assert status == 0
    found = json.loads(out)
    assert found["colour"]["value"] == "red"
    assert 0.5 < found["colour"]["confidence"] <= 1
    assert found["season"]["value"] is None


def test_models_are_listed(ecomgen):
    _, table, _ = ecomgen("models")
    assert "default" in table
    status, out, _ = ecomgen("models", "--json")
    assert status == 0
    assert "default" in [model["name"] for model in json.loads(out)]


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


def test_an_impossible_setting_is_one_sentence(ecomgen, monkeypatch):
    assert_one_sentence(ecomgen("serve", "--port", 99999))
    monkeypatch.setenv("ECOMGEN_MAX_COUNT", "many")
    assert_one_sentence(ecomgen("models"))


def test_evaluate_writes_what_is_asked(ecomgen, bench_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(bench_folder))
    readme = tmp_path / "README.md"
    readme.write_text("Scores:\n<!-- scores -->\n<!-- /scores -->\n")
    arguments = ["--model", "tiny", "--data", bench_folder / "set.zip", "--pictures", 50, "--inception"]
    files = ["--json", "out/s.json", "--plot", "out/s.png", "--readme", readme, "--write"]
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    status, out, err = ecomgen("evaluate", *arguments, *files)
    assert status == 0
    result = json.loads(out)
    assert json.loads((tmp_path / "out" / "s.json").read_text()) == result
    assert json.loads((bench_folder / "tiny" / "metrics.json").read_text()) == result
    assert (tmp_path / "out" / "s.png").read_bytes()[:4] == b"\x89PNG"
    assert "| Category as asked |" in readme.read_text()
    assert "The standard Inception FID was not measured" in err
    assert "Traceback" not in err


def test_what_cannot_be_evaluated_is_one_sentence(ecomgen, bench_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ECOMGEN_CHECKPOINTS", str(bench_folder))
    arguments = ["evaluate", "--model", "tiny", "--data", bench_folder / "set.zip"]
    assert_one_sentence(ecomgen(*arguments, "--pictures", 1))
    assert_one_sentence(ecomgen(*arguments, "--judge", "nosuchjudge"))
    assert_one_sentence(ecomgen(*arguments, "--readme", tmp_path / "absent.md"))


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal


def test_progress_says_how_long_it_will_take_yet():
    times = iter([0, 4, 10, 20, 3600, 5400, 5401])
    screen = Screen(terminal=False)
    progress = cli.Progress(screen, clock=lambda: next(times))
    for share in (0.0, 0.01, 0.1, 0.5):
        progress("Learning", share)
    progress("Finishing", 0.5)  # a run that goes on where it stopped
    progress("Finishing", 0.6)
    progress("Finishing", 1.0)
    assert screen.getvalue().splitlines() == [
        "Learning: 0.0%",
        "Learning: 10.0%, 2 min left",
        "Learning: 50.0%, 20 s left",
        "Finishing: 50.0%",
        "Finishing: 60.0%, 2 h 0 min left",
        "Finishing: 100.0%",
    ]


def test_progress_on_a_terminal_stays_in_its_line():
    times = iter([0, 50, 100, 101])
    screen = Screen(terminal=True)
    progress = cli.Progress(screen, clock=lambda: next(times))
    for what, share in (("Learning", 0.0), ("Learning", 0.5), ("Learning", 1.0), ("Done", 1.0)):
        progress(what, share)
    shown = [part.rstrip() for part in screen.getvalue().split("\n")]
    assert shown == ["\rLearning: 0.0%\rLearning: 50.0%, 50 s left\rLearning: 100.0%", "\rDone: 100.0%", ""]


def test_an_unknown_training_configuration_is_one_sentence(ecomgen, tmp_path):
    assert_one_sentence(ecomgen("train", tmp_path / "absent.toml"))


@pytest.mark.parametrize("arguments", [["generate"], ["nosuchcommand"], ["generate", "x", "--count", "many"]])
def test_usage_errors_have_status_2(ecomgen, arguments):
    status, _, err = ecomgen(*arguments)
    assert status == 2
    assert "Traceback" not in err


def test_a_closed_pipe_is_one_sentence():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ecomgen", "--version"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert_one_sentence((done.returncode, "", done.stderr))


def test_control_c_is_clean(tmp_path):
    code = (
        "import time; from ecomgen import cli\n"
        "cli._generation = lambda settings: time.sleep(60)\n"
        "print('ready', flush=True); cli.main()"
    )
    command = [sys.executable, "-c", code, "models"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode in (1, 130)
    assert "Traceback" not in err
