import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from refusal import assert_one_sentence

from ecomgen import __version__


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
        "import time; from ecomgen.cli import checkpoints, main\n"
        "checkpoints.open_generation = lambda settings: time.sleep(60)\n"
        "print('ready', flush=True); main()"
    )
    command = [sys.executable, "-c", code, "models"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode in (1, 130)
    assert "Traceback" not in err


def test_an_impossible_setting_is_one_sentence(ecomgen, monkeypatch):
    assert_one_sentence(ecomgen("serve", "--port", 99999))
    monkeypatch.setenv("ECOMGEN_MAX_COUNT", "many")
    assert_one_sentence(ecomgen("models"))
