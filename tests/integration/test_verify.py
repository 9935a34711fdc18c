"""``bnbench verify`` and ``bnbench diff`` as a user meets them: real runs, done again for real."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import typer

from bnbench.cli.diff import diff
from bnbench.cli.verify import verify
from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.runs import Run, find_runs, read_batches
from bnbench.verification.difference import Unequal
from bnbench.verification.repetition import Rerun, repeat, rerun
from tests.edits import edit_manifest
from tests.files import contents
from tests.trained import trained

SHORT = ["data.dataset=digits", "training.epochs=2", "training.batch_size=64"]


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments, one of them at two seeds."""
    folder = tmp_path_factory.mktemp("with spaces and [brackets]") / "results"
    for recipe, seeds in (("lenet5", 2), ("lenet5_batchnorm", 1)):
        experiment = load_experiment(root / "configs" / f"{recipe}.yaml", SHORT)
        for seed in range(seeds):
            trained(experiment, folder, seed)
    return folder


@pytest.fixture
def folders(results: Path, tmp_path: Path) -> list[Path]:
    """Copies of the experiments' folders, to be broken."""
    copy = tmp_path / "results"
    shutil.copytree(results, copy)
    return sorted(copy.iterdir())


Captured = pytest.CaptureFixture[str]
Promise = Literal["bitwise", "tolerance", "neither"]


def code_of(command: Callable[..., None], *arguments: object, **options: object) -> int:
    with pytest.raises(typer.Exit) as ended:
        command(*arguments, **options)
    return int(ended.value.exit_code)


def test_sound_runs_are_a_short_table(folders: list[Path], capsys: Captured) -> None:
    assert code_of(verify, folders) == 0
    out = capsys.readouterr().out
    assert out.count("complete") == out.count("ok") == out.count("sealed") == 3
    run = find_runs(folders)[0]
    edit_manifest(run, seal=None)
    assert code_of(verify, folders) == 0
    out = capsys.readouterr().out
    assert (out.count("no seal"), out.count("sealed")) == (1, 2)


def test_all_problems_of_all_runs_at_once(folders: list[Path], capsys: Captured) -> None:
    runs = find_runs(folders)
    runs[0].weights.unlink()
    runs[1].epochs.write_bytes(b"")
    runs[2].manifest.write_text("{", encoding="utf-8")
    written = folders[0].parent / "verify.xml"
    assert code_of(verify, folders, junit=written) == 1
    *lines, remedy = capsys.readouterr().out.splitlines()
    assert list(dict.fromkeys(line.partition(": ")[0] for line in lines)) == [
        str(runs[0].weights), str(runs[1].epochs), str(runs[2].manifest)
    ]  # fmt: skip
    assert remedy == "move the folders of these runs away, and train them again"
    (suite,) = ElementTree.parse(written).getroot()
    assert suite.attrib["failures"] == suite.attrib["tests"] == str(len(suite)) == "3"
    texts = [case.findtext("failure") or "" for case in suite]
    assert "\n".join(texts).splitlines() == lines
    assert [Path(case.attrib["classname"], case.attrib["name"]) for case in suite] == [
        run.path for run in runs
    ]


def test_a_run_without_its_manifest_is_not_overlooked(
    folders: list[Path], capsys: Captured
) -> None:
    run = find_runs(folders)[0]
    run.manifest.unlink()
    assert code_of(verify, folders) == 1
    assert f"{run.manifest}: is missing" in capsys.readouterr().out


def test_done_again_bit_for_bit(folders: list[Path], capsys: Captured) -> None:
    before = contents(folders[0].parent)
    assert code_of(verify, folders[:1], rerun=True) == 0
    assert capsys.readouterr().out.count("bitwise") == 2
    written = folders[0].parent.parent / "verify.xml"
    assert code_of(verify, folders[1:], rerun=True, steps=5, junit=written) == 0
    assert ElementTree.parse(written).find("testsuite/testcase[failure]") is None
    assert "bitwise" in capsys.readouterr().out
    assert contents(folders[0].parent) == before


def shift(run: Run, by: float) -> None:
    """Move every training loss, as another machine might, or another formula."""
    rows = [line.split(",") for line in run.batches.read_text(encoding="utf-8").splitlines()]
    for row in rows[1:]:
        row[4] = str(np.float32(float(row[4]) + by))
    run.batches.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize("steps", [None, 30])
@pytest.mark.parametrize(("by", "promise"), [(4e-6, "tolerance"), (6e-6, "neither")])
def test_losses_that_were_others(
    folders: list[Path], by: float, promise: str, steps: int | None
) -> None:
    run = find_runs(folders)[0]
    shift(run, by)
    result = rerun(run, steps)
    assert result.promise == promise
    assert result.steps == (steps or 44)  # 2 x 22 batches of 1375 digits
    assert result.differences[0].what == "batches.csv, split train, epoch 1, step 1: loss"


def test_other_kernels_hold_within_the_tolerance(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a machine whose `auto` chooses PyTorch's: sums are added in another order."""
    run = find_runs(folders)[0]
    monkeypatch.setattr("bnbench.training.kernels.can_use_batch_last", lambda _: False)
    result = rerun(run)
    assert result.promise == "tolerance"
    assert len(result.differences) > 0


def test_only_the_weights_were_others(folders: list[Path]) -> None:
    run = find_runs(folders)[0]
    weights = torch.load(run.weights, weights_only=True)
    weights["output.bias"][3] += 1e-6
    torch.save(weights, run.weights)
    answers = np.load(run.predictions)
    np.save(run.predictions, answers[::-1])
    result = rerun(run)
    assert result.promise == "tolerance"
    assert [one.what for one in result.differences] == [
        "test_predictions.npy", "weights.pt, output.bias",
    ]  # fmt: skip
    assert rerun(run, 20).promise == "bitwise"  # they were not looked at


@pytest.mark.parametrize(
    ("promise", "alike", "code"),
    [("bitwise", True, 0), ("tolerance", False, 0), ("tolerance", True, 1), ("neither", False, 1)],
)
def test_the_exit_code_of_numbers_that_do_not_hold(
    folders: list[Path],
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    promise: Promise,
    alike: bool,
    code: int,
) -> None:
    differences = () if promise == "bitwise" else (Unequal("loss", "1", "2"),)
    result = Rerun(promise, alike, 7, differences)
    monkeypatch.setattr("bnbench.verification.repetition.rerun", lambda *_: result)
    assert code_of(verify, folders, rerun=True) == code
    out = capsys.readouterr().out
    assert out.count(f"{promise} ") == 3
    assert out.count("bitwise was promised") == (3 if promise == "tolerance" and alike else 0)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("machine", "processor_kind", ["model : 0"]),
        ("machine", "device", "cuda (another)"),
        ("machine", "threads", 2),
        ("versions", "torch", "2.0.0"),
        ("code", "bnbench.training.loop", "0" * 12),
    ],
)
def test_where_bitwise_is_promised(
    folders: list[Path], section: str, key: str, value: object
) -> None:
    """Where anything that decides the last bits was another, the tolerance is all there is."""
    run = find_runs(folders)[0]
    shift(run, 4e-6)
    assert rerun(run, 3).alike
    edit_manifest(run, seal=None, **{section: {key: value}})
    result = rerun(run, 3)
    assert (result.alike, result.promise, result.kept) == (False, "tolerance", True)


def test_a_repetition_stops_after_its_steps(root: Path, tmp_path: Path) -> None:
    experiment = load_experiment(root / "configs/lenet5.yaml", SHORT)
    run = repeat(experiment, 0, tmp_path, steps=17)
    assert 17 <= len(read_batches(run).of_training()) <= 22
    assert not run.epochs.read_text(encoding="utf-8").count("\n") > 1
    assert run.read_manifest().status == "interrupted"


def test_what_cannot_be_done_again(folders: list[Path]) -> None:
    run = find_runs(folders)[0]
    with pytest.raises(BnbenchError, match="holds 44 steps; give --steps 44 or fewer"):
        rerun(run, 45)
    edit_manifest(run, seal=None, status="interrupted")
    with pytest.raises(BnbenchError, match="is interrupted; compare its first steps by --steps"):
        rerun(run)
    assert rerun(run, 3).promise == "bitwise"
    with pytest.raises(BnbenchError, match=r"--steps: .*give --rerun, too"):
        verify(folders, steps=3)


def test_a_run_that_diverged(root: Path, tmp_path: Path) -> None:
    overrides = [*SHORT, "training.optimizer={name: sgd, learning_rate: 1e7}"]
    experiment = load_experiment(root / "configs/mlp.yaml", overrides)
    run = repeat(experiment, 0, tmp_path)
    assert run.read_manifest().status == "diverged"
    assert code_of(verify, [run.path]) == 0
    assert rerun(run).promise == "bitwise"


def test_diff_of_a_run_with_itself(folders: list[Path], capsys: Captured) -> None:
    run, seed = find_runs(folders[:1])
    assert code_of(diff, run.path, run.path) == 0
    assert capsys.readouterr().out.endswith("same numbers\n")
    assert code_of(diff, run.path, seed.path) == 1
    out = capsys.readouterr().out
    assert "same numbers" not in out
    assert f"A  {run.path}\nB  {seed.path}\n" in out
    assert [line.split() for line in out.splitlines() if line.startswith("seed")] == [
        ["seed", "0", "1"]
    ]


def test_diff_takes_one_run(folders: list[Path]) -> None:
    with pytest.raises(BnbenchError, match="holds 2 runs; name one, such as"):
        diff(folders[0], folders[1])
