import subprocess
import sys

import pytest

from ecomgen import errors
from ecomgen.errors import ConfigError, EcomgenError
from ecomgen.settings import Settings, read_settings


def test_every_error_is_meant_for_the_user():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) > 3
    assert all(issubclass(kind, EcomgenError) and kind.__doc__ for kind in kinds)


def test_the_environment_is_read(monkeypatch, tmp_path):
    monkeypatch.setenv("ECOMGEN_HOME", str(tmp_path))
    monkeypatch.setenv("ECOMGEN_MAX_COUNT", "3")
    settings = read_settings(port=1234)
    assert (settings.home, settings.max_count, settings.port) == (tmp_path, 3, 1234)
    assert settings.database_url == f"sqlite:///{tmp_path / 'feedback.db'}"
    assert Settings(database="postgresql://db/x").database_url == "postgresql://db/x"


def test_an_impossible_value_is_one_sentence_that_names_it(monkeypatch):
    with pytest.raises(ConfigError, match=r"^The setting port is not usable: .*65535\.$"):
        read_settings(port=70000)
    monkeypatch.setenv("ECOMGEN_KEPT_PICTURES", "many")
    with pytest.raises(ConfigError, match="ECOMGEN_KEPT_PICTURES"):
        read_settings()


def test_the_lowest_floor_is_light():
    heavy = "{'torch', 'gradio', 'transformers', 'numpy', 'PIL'}"
    code = (
        "import sys, ecomgen, ecomgen.errors, ecomgen.schema, ecomgen.settings, ecomgen.data.store\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
