import json

from refusal import assert_one_sentence


def test_models_are_listed(ecomgen):
    _, table, _ = ecomgen("models")
    assert "default" in table
    status, out, _ = ecomgen("models", "--json")
    assert status == 0
    assert "default" in [model["name"] for model in json.loads(out)]


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
