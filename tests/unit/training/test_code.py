"""The code of a run: a changed comment is no change, a changed helper is one."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from bnbench.config import Experiment, ModelSettings
from bnbench.training import code
from bnbench.training.code import code_hashes

HELPER = '''
"""What it is for."""
def half(number: float) -> float:
    """Halve."""
    return number / 2  # exact
'''


def bare(text: str) -> str:
    return code._bare(ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# exact", "# exact in binary"),
        ("Halve.", "Give half of a number."),
        ("What it is for.", "What it is."),
        ("number / 2", "(number / 2)"),
        ("def half", "\n\ndef half"),
    ],
)
def test_what_changes_no_number_is_no_change(old: str, new: str) -> None:
    changed = HELPER.replace(old, new)
    assert changed != HELPER
    assert bare(changed) == bare(HELPER)


def test_a_changed_number_is_a_change() -> None:
    assert bare(HELPER.replace("/ 2", "/ 3")) != bare(HELPER)


def test_a_package_that_only_imports_has_no_code() -> None:
    assert bare('"""A package."""\nfrom a import b\n\n__all__ = ["b"]\n') == ""


def hashes(architecture: str) -> dict[str, str]:
    return code_hashes(Experiment(experiment="e", model=ModelSettings(name=architecture)))


def test_the_hashes_are_of_the_modules_that_a_run_uses() -> None:
    lenet, mlp = hashes("LeNet5"), hashes("MLP_BatchNorm")
    assert lenet.keys() ^ mlp.keys() == {"bnbench.models.lenet5", "bnbench.models.mlp"}
    imported = {name for name in sys.modules if name.startswith("bnbench.")}
    assert lenet.keys() <= imported  # all of them exist under these names
    for needed in (
        "bnbench.config.schema",
        "bnbench.data.inputs",
        "bnbench.models.layers",
        "bnbench.models.operators",
        "bnbench.training.initialization",
        "bnbench.training.loop",
        "bnbench.training.optimizer",
    ):
        assert needed in lenet
    for reporting in ("bnbench.config.loading", "bnbench.runs.manifest", "bnbench.errors"):
        assert reporting not in lenet


def test_an_edited_helper_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = hashes("LeNet5")
    edited = tmp_path / "optimizer.py"
    original = code._file("bnbench.training.optimizer")
    edited.write_text(original.read_text(encoding="utf-8") + "\nEXTRA = 1\n", encoding="utf-8")
    find = code._file
    monkeypatch.setattr(
        code, "_file", lambda name: edited if name == "bnbench.training.optimizer" else find(name)
    )
    code._hashes.cache_clear()
    after = hashes("LeNet5")
    code._hashes.cache_clear()
    assert {name for name in before if before[name] != after[name]} == {
        "bnbench.training.optimizer"
    }
