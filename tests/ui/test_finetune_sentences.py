"""Whatever the services of the Fine-tune tab refuse, the page can say in Chinese as well."""

import ast
import re

import pytest
from running_app import ROOT

from ecomgen.ui.words import translated

MODULES = (
    "services/tuning.py", "services/finetuning.py", "services/own_checkpoints.py", "services/jobs.py", "services/liked.py",
    "services/estimating.py", "services/uploads.py", "services/review_input.py", "training/finetune.py", "training/loop.py",
    "training/photos.py", "models/checkpoint.py", "ui/finetune_api.py",
)  # fmt: skip
NEVER_SHOWN = (
    "A job runs on", "A log is shown by", "A job needs a command",  # our own mistakes
    "Pictures are listed by", "Please filter by", "The reasons are of", "has to be a",  # not of this tab
    "The loss is not a number", "A gradient is not a number",  # caught inside
    "It is an adapter of", "Fine-tuned from", "Kernel distance (KID", "Made by",  # the model card, which is English
    "Please bring in that one first",  # follows on a sentence that says so in Chinese as well
    "holds no photo of the wanted categories",  # a fine-tuning wants all
)  # fmt: skip


def sentences(module: str) -> list[str]:
    """Whole sentences that the module's code holds, docstrings aside; what is filled in is "…"."""
    tree = ast.parse((ROOT / "ecomgen" / module).read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        text = ""
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside | documentation
        ):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        if re.fullmatch(r"[A-Z“…][^\n]* [^\n]*\.", text):
            found.append(text)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_refusal_is_a_sentence_in_chinese(module: str) -> None:
    shown = [s for s in sentences(module) if not any(part in s for part in NEVER_SHOWN)]
    assert [s for s in shown if not re.search(r"[\u4e00-\u9fff].*。$", translated(s, "zh"))] == []


def test_there_are_sentences_to_look_at() -> None:
    assert sum(len(sentences(module)) for module in MODULES) > 40
