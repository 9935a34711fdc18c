"""The code of a run: a changed comment is no change, a changed helper is one."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bnbench.config import (
    Experiment,
    ModelSettings,
    NormalizationSettings,
    ProbeSettings,
    configuration_hash,
    differing_recipe,
    load_experiment,
)
from bnbench.models.normalizations import NORMALIZATIONS
from bnbench.probes import PROBES
from bnbench.training import code
from bnbench.training.code import code_hashes, equal_code
from tests.trained import state_of, trained

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
    for reporting in (
        "bnbench.config.loading",
        "bnbench.runs.manifest",
        "bnbench.training.recording",
        "bnbench.errors",
    ):
        assert reporting not in lenet


def test_kernels_count_where_they_run() -> None:
    experiment = Experiment(experiment="e", model=ModelSettings(name="LeNet5"))
    extra = code_hashes(experiment, "batch_last (numba 1)").keys() - code_hashes(experiment).keys()
    assert extra == {
        "bnbench.kernels.arrays", "bnbench.kernels.atomic", "bnbench.kernels.box",
        "bnbench.kernels.cross_entropy",
        "bnbench.kernels.functions", "bnbench.kernels.gather", "bnbench.kernels.job",
        "bnbench.kernels.loops",
        "bnbench.kernels.recipe", "bnbench.kernels.team", "bnbench.kernels.tiles",
        "bnbench.models.batch_last", "bnbench.direct",
    }  # fmt: skip


def test_other_kernels_make_another_run(tmp_path: Path, root: Path) -> None:
    """Not another experiment: what is compared with what does not depend on them."""
    short = ["data.dataset=digits", "training.epochs=1", "data.train_examples=64"]
    auto = load_experiment(root / "configs/lenet5.yaml", short)
    torch = auto.model_copy(
        update={"training": auto.training.model_copy(update={"kernels": "torch"})}
    )
    trained(torch, tmp_path)
    assert state_of(torch, tmp_path) == "cached: complete"
    assert state_of(auto, tmp_path).startswith(
        "other: training.kernels: torch there, batch_last (numba"
    )
    assert configuration_hash(auto) == configuration_hash(torch)
    assert differing_recipe(auto, torch) == []


OPTIMIZER = "bnbench.training.optimizer"
Edit = Callable[[str], None]


@pytest.fixture
def edit_optimizer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Edit]:
    """Append text to a module on every run's path, for the hashes only."""
    find, edited = code._file, tmp_path / "optimizer.py"
    text = find(OPTIMIZER).read_text(encoding="utf-8")

    def edit(more: str) -> None:
        edited.write_text(text + more, encoding="utf-8")
        monkeypatch.setattr(code, "_file", lambda name: edited if name == OPTIMIZER else find(name))
        forget()

    yield edit
    forget()


def forget() -> None:
    for remembered in (code._hashes, code._hash, code._tree, code._imports):
        remembered.cache_clear()


def test_an_edited_helper_is_named(edit_optimizer: Edit) -> None:
    before = hashes("LeNet5")
    edit_optimizer("\nEXTRA = 1\n")
    after = hashes("LeNet5")
    assert {name for name in before if before[name] != after[name]} == {OPTIMIZER}


def test_a_finished_run_and_the_code_of_today(
    edit_optimizer: Edit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: Path
) -> None:
    """A comment leaves it cached; a statement makes it another, until it is told to be equal."""
    short = ["data.dataset=digits", "training.epochs=1"]
    experiment = load_experiment(root / "configs/mlp.yaml", short)

    trained(experiment, tmp_path)
    old = code_hashes(experiment)[OPTIMIZER]
    edit_optimizer("\n# a comment\n")
    assert state_of(experiment, tmp_path) == "cached: complete"
    edit_optimizer("\nEXTRA = 1\n")
    assert state_of(experiment, tmp_path) == f"other: the code of {OPTIMIZER}"
    monkeypatch.setitem(code.EARLIER, OPTIMIZER, (old,))
    assert equal_code(experiment)[OPTIMIZER] == (code_hashes(experiment)[OPTIMIZER], old)
    assert state_of(experiment, tmp_path) == "cached: complete"


def test_earlier_hashes_are_of_modules_that_still_decide() -> None:
    """An entry for another name would be dead, and one for today's hash useless."""
    now = hashes("LeNet5") | hashes("MLP") | hashes("CNN") | hashes("LeNet5_1998")
    lenet = Experiment(experiment="e", model=ModelSettings(name="LeNet5"))
    now |= code_hashes(lenet, "batch_last (numba 1)")
    for kind in NORMALIZATIONS:
        model = ModelSettings(name="LeNet5", normalization=NormalizationSettings(kind=kind))
        now |= code_hashes(Experiment(experiment="e", model=model))
    for kind in PROBES:
        model, probes = ModelSettings(name="LeNet5"), (ProbeSettings(kind=kind),)
        probed = Experiment(experiment="e", model=model, probes=probes)
        now |= code_hashes(probed, "batch_last (numba 1)")
    for name, earlier in code.EARLIER.items():
        assert now[name] not in earlier


def test_no_run_of_the_reference_is_orphaned_by_a_rewrite(reference_runs: Path) -> None:
    """Each of its manifests names code that today's stands for: its users' runs are as old."""
    manifests = sorted(reference_runs.rglob("manifest.json"))
    assert len(manifests) > 1000
    by_code = {json.dumps(json.loads(path.read_bytes())["code"]): path for path in manifests}
    for text, path in by_code.items():
        there = json.loads(text)
        here = equal_code(load_experiment(path.with_name("config.yaml")))
        assert {name for name, equal in here.items() if there.get(name, "") not in equal} == set()


BEFORE_THE_LOOP_WAS_TAKEN_APART = {
    "bnbench.config.schema": "ef7a11f323a8",
    "bnbench.training.capture": "a845fe1b6e0b",
    "bnbench.training.experiment": "269e7a30c962",
    "bnbench.training.learner": "a68b9c0ced9a",
    "bnbench.training.loop": "5856535a2961",
    "bnbench.training.stack": "e194440fe36d",
}
"""The hashes of commit 39f2271; the golden losses are the same since."""


def test_runs_from_before_the_loop_was_taken_apart_are_recognised(root: Path) -> None:
    here = equal_code(load_experiment(root / "configs/lenet5.yaml"))
    for name, then in BEFORE_THE_LOOP_WAS_TAKEN_APART.items():
        assert then in here[name], name
