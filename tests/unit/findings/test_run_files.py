"""Whatever bnbench would not have written is refused with the name of the file, and its line.

What problems there are, and in which words, is `bnbench.verification`'s to test: it tells all.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun, read_finished_run
from bnbench.runs import Log, Run, file_hashes
from bnbench.runs.tables import REMEDY
from tests.edits import edit_manifest, edit_text, set_cell
from tests.unit.conftest import MakeRun

ACCURACIES = [0.9321, 0.9543, 0.9617]


def _read(run: Run) -> tuple[FinishedRun, Log]:
    finished = read_finished_run(run, run.read_manifest())
    return finished, finished.read_batches()


def _refused(run: Run, path: Path, line: int | None = None) -> None:
    with pytest.raises(BnbenchError) as caught:
        _read(run)
    place = f"{path}: " if line is None else f"{path}: line {line}: "
    assert str(caught.value).startswith(place)
    assert "\n" not in str(caught.value)


def test_a_diverged_run_may_end_early_with_a_loss_that_is_no_number(make_run: MakeRun) -> None:
    run = make_run("plain", 0, [0.93, 0.9], diverged_of=5)
    finished, batches = _read(run)
    assert finished.sound == 2
    assert np.flatnonzero(np.isnan(batches["loss"])).tolist() == [len(batches) - 1]


def test_further_columns_may_follow(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    lines = run.epochs.read_text().splitlines()
    run.epochs.write_text("\n".join(f"{line},new" for line in lines) + "\n")
    assert _read(run)[0].epoch_log["validation_accuracy"].tolist() == ACCURACIES


def test_a_configuration_changed_after_the_run(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    edit_text(run.config, "batch_size: 3100", "batch_size: 32")
    _refused(run, run.manifest)


@pytest.mark.parametrize("name", ["config.yaml", "epochs.csv", "batches.csv"])
def test_missing_files(make_run: MakeRun, name: str) -> None:
    run = make_run("plain", 0, ACCURACIES)
    (run.path / name).unlink()
    _refused(run, run.path / name)


@pytest.mark.parametrize(
    ("name", "line", "column", "new"),
    [
        ("epochs.csv", 3, "validation_accuracy", "0.9544"),
        ("epochs.csv", 2, "epoch", "2"),
        ("epochs.csv", 2, "train_loss", "high"),
        ("batches.csv", 2, "step", "2"),
        ("batches.csv", 4, "accuracy", "0.9999"),
    ],
)
def test_the_first_problem_of_a_log_refuses_the_run(
    make_run: MakeRun, name: str, line: int, column: str, new: str
) -> None:
    run = make_run("plain", 0, ACCURACIES)
    set_cell(run.path / name, line, column, new)
    _refused(run, run.path / name, line)
    with pytest.raises(BnbenchError, match=f"{re.escape(REMEDY)}$"):
        _read(run)


def test_drop_last_leaves_out_the_small_batch(make_run: MakeRun) -> None:
    run = make_run("plain", 0, [0.9], settings={"training": {"drop_last": True}})
    _, batches = _read(run)
    for split, examples in (("train", 19 * 3_100), ("validation", 10_000)):
        assert batches["examples"][batches["split"] == split].sum() == examples


def test_the_whole_epochs_of_a_run_that_diverged_follow_from_its_batches(
    make_run: MakeRun,
) -> None:
    run = make_run("plain", 0, ACCURACIES[:2], diverged_of=5)
    _read(run)
    set_cell(run.epochs, 2, "validation_accuracy", "0.9322")
    _refused(run, run.epochs, 2)


@pytest.mark.parametrize(
    ("column", "new"), [("validation_accuracy", "0.95435"), ("train_accuracy", "0.95431")]
)
def test_without_batches_an_accuracy_is_still_a_share_of_the_images(
    make_run: MakeRun, column: str, new: str
) -> None:
    run = make_run("plain", 0, ACCURACIES)
    run.batches.unlink()
    set_cell(run.epochs, 3, column, new)
    with pytest.raises(BnbenchError, match=rf"epochs\.csv: line 3: {column} {new} "):
        read_finished_run(run, run.read_manifest())


EVALUATIONS = """\
epoch,step,validation_loss,validation_accuracy,train_seconds
1,8,0.5,0.91,1.0
1,16,0.4,0.92,2.0
2,24,0.3,0.93,0.5
2,32,inf,0.94,1.5
"""


@pytest.fixture
def watched(make_run: MakeRun) -> Run:
    """Two epochs of 20 steps and 3 s."""
    training = {"evaluate_every": 8}
    run = make_run("plain", 0, [0.93, 0.95], settings={"training": training})
    run.evaluations.write_text(EVALUATIONS)
    return run


def _read_evaluations(run: Run) -> dict[str, NDArray[Any]]:
    return read_finished_run(run, run.read_manifest()).evaluations


def test_evaluations(watched: Run) -> None:
    rows = _read_evaluations(watched)
    assert rows["step"].tolist() == [8, 16, 20, 24, 32, 40]
    assert rows["validation_accuracy"].tolist() == [0.91, 0.92, 0.93, 0.93, 0.94, 0.95]


def test_the_evaluation_after_an_epochs_last_step_is_the_epochs(make_run: MakeRun) -> None:
    training = {"evaluate_every": 10}
    run = make_run("plain", 0, [0.93, 0.95], settings={"training": training})
    run.evaluations.write_text("".join(EVALUATIONS.splitlines(keepends=True)[:1]) + (
        "1,10,0.5,0.91,1.0\n2,30,0.3,0.93,0.5\n"
    ))  # fmt: skip
    assert _read_evaluations(run)["step"].tolist() == [10, 20, 30, 40]


def test_a_diverged_run_has_the_evaluations_that_it_got_to(make_run: MakeRun) -> None:
    training = {"evaluate_every": 8}
    run = make_run("plain", 0, [0.93], settings={"training": training}, diverged_of=3)
    run.evaluations.write_text("".join(EVALUATIONS.splitlines(keepends=True)[:4]))
    assert _read_evaluations(run)["step"].tolist() == [8, 16, 20, 24]


def test_an_edited_evaluation_refuses_the_run(watched: Run) -> None:
    watched.evaluations.write_text(EVALUATIONS.replace("0.94", "1.94"))
    with pytest.raises(BnbenchError) as caught:
        _read_evaluations(watched)
    assert str(caught.value).startswith(f"{watched.evaluations}: line 5: ")


@pytest.mark.parametrize("name", ["epochs.csv", "test_predictions.npy", "weights.pt"])
def test_a_file_that_is_not_the_one_of_the_manifest(make_run: MakeRun, name: str) -> None:
    """Another training accuracy of whole images agrees with everything but its hash."""
    run = make_run("plain", 0, ACCURACIES)
    for path in (run.predictions, run.weights):
        path.write_bytes(b"whatever it was")
    edit_manifest(run, seal=None, files=file_hashes(run))
    assert read_finished_run(run, run.read_manifest()).sound == 3
    if name == "epochs.csv":
        set_cell(run.epochs, 2, "train_accuracy", "0.5")
    else:
        (run.path / name).write_bytes(b"something else")
    with pytest.raises(BnbenchError, match=f"{name}: has changed since the run ended"):
        read_finished_run(run, run.read_manifest())


def test_an_archive_need_not_keep_everything(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    edit_manifest(run, seal=None, files=file_hashes(run) | {"weights.pt": "0" * 64})
    run.batches.unlink()
    assert read_finished_run(run, run.read_manifest()).sound == 3
