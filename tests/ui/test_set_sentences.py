"""Why a file or a set is refused: each sentence of reading, checking and preparing one is there in Chinese, too."""

import ast
import re

import pytest
from running_app import ROOT

from ecomgen.ui.words import translated

MODULES = (
    "data/archive.py", "data/photos.py", "data/metadata.py", "data/products.py",
    "services/uploads.py", "services/uploaded_sets.py", "services/checking.py", "services/preparing.py",
)  # fmt: skip
ON_THE_COMMAND_LINE = ("There is no product set at", "please name a", "There is something at")


def sentences(module: str) -> list[str]:
    """What the module's code holds that reads like a sentence, docstrings aside; what is filled in is "40"."""
    tree = ast.parse((ROOT / "ecomgen" / module).read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "40" for part in node.values)
        if isinstance(node, ast.JoinedStr)
        else node.value
        for node in ast.walk(tree)
        if id(node) not in inside and isinstance(node, ast.JoinedStr | ast.Constant)
    ]
    return [t for t in texts if isinstance(t, str) and re.fullmatch(r"[A-Z4“]\S* .*\.", t)]


@pytest.mark.parametrize("module", MODULES)
def test_each_is_there_in_chinese(module: str) -> None:
    shown = [s for s in sentences(module) if not any(part in s for part in ON_THE_COMMAND_LINE)]
    assert shown
    assert [s for s in shown if not re.search("[\u4e00-\u9fff].*。$", translated(s, "zh"))] == []
