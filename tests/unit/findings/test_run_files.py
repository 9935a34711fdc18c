"""Whatever bnbench would not have written is refused with the name of the file, and its line.

What problems there are, and in which words, is `bnbench.verification`'s to test: it tells all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import read_finished_run
from bnbench.findings.run_files import (
    frame,
    read_batches,
    read_checked_experiment,
    read_epochs,
    read_evaluations,
)
from bnbench.runs import Run, file_hashes, read_predictions
from bnbench.runs.tables import REMEDY

MakeRun = Callable[..., Run]


ACCURACIES = [0.9321, 0.9543, 0.9617]


def _read(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    manifest = run.read_manifest()
    experiment = read_checked_experiment(run, manifest)
    epochs = read_epochs(run, manifest, experiment)
    return frame(epochs), frame(read_batches(run, manifest, experiment, epochs))


def _refused(run: Run, path: Path, line: int | None = None) -> None:
    with pytest.raises(BnbenchError) as caught:
        _read(run)
    place = f"{path}: " if line is None else f"{path}: line {line}: "
    assert str(caught.value).startswith(place)
    assert "\n" not in str(caught.value)


def _change_manifest(run: Run, **changes: Any) -> None:
    content = json.loads(run.manifest.read_text())
    del content["seal"]  # it would show every edit, whatever else does
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(content[name], dict)
        content[name] = {**content[name], **value} if nested else value
    run.manifest.write_text(json.dumps(content))


def _change_rows(path: Path, rows: slice, old: str, new: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    changed = [line.replace(old, new) for line in lines[rows]]
    assert changed != lines[rows] or old == new
    lines[rows] = changed
    path.write_text("".join(lines))


def test_what_was_written_is_read_to_the_last_bit(make_run: MakeRun) -> None:
    rng = np.random.default_rng(5)
    accuracies = (rng.integers(9_000, 10_000, 50) / 10_000).tolist()
    run = make_run("plain", 0, accuracies)
    epochs, batches = _read(run)
    assert epochs["validation_accuracy"].tolist() == accuracies
    assert set(epochs["training_mode"]) == {"True"}
    assert batches.groupby("split").size().to_dict() == {"train": 1000, "validation": 200}
    written = [line.split(",")[4] for line in run.batches.read_text().splitlines()[1:]]
    assert [str(np.float32(loss)) for loss in batches["loss"]] == written


def test_a_diverged_run_may_end_early_with_a_loss_that_is_no_number(make_run: MakeRun) -> None:
    run = make_run(
        "plain", 0, [0.93, 0.9], settings={"training": {"epochs": 5}},
        manifest={"status": "diverged"},
    )  # fmt: skip
    epochs, batches = _read(run)
    assert len(epochs) == 2
    assert np.flatnonzero(batches["loss"].isna()).tolist() == [len(batches) - 1]


def test_further_columns_may_follow(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    lines = run.epochs.read_text().splitlines()
    run.epochs.write_text("\n".join(f"{line},new" for line in lines) + "\n")
    assert _read(run)[0]["validation_accuracy"].tolist() == ACCURACIES


def test_a_configuration_changed_after_the_run(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    _change_rows(run.config, slice(None), "batch_size: 3100", "batch_size: 32")
    _refused(run, run.manifest)


def test_a_configuration_of_another_name(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    _change_rows(run.config, slice(None), "experiment: plain", "experiment: other")
    _refused(run, run.manifest)


@pytest.mark.parametrize("name", ["config.yaml", "epochs.csv", "batches.csv"])
def test_missing_files(make_run: MakeRun, name: str) -> None:
    run = make_run("plain", 0, ACCURACIES)
    (run.path / name).unlink()
    _refused(run, run.path / name)


@pytest.mark.parametrize("name", ["epochs.csv", "batches.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a,b\n1,2\n", b"\xff\xfe\x00", b"<html>\n</html>"]
)
def test_files_that_are_no_log(make_run: MakeRun, name: str, content: bytes) -> None:
    run = make_run("plain", 0, ACCURACIES)
    (run.path / name).write_bytes(content)
    _refused(run, run.path / name)


@pytest.mark.parametrize("cut", [3, 20, 60])
@pytest.mark.parametrize("name", ["epochs.csv", "batches.csv"])
def test_torn_last_rows(make_run: MakeRun, name: str, cut: int) -> None:
    run = make_run("plain", 0, ACCURACIES)
    content = (run.path / name).read_bytes()
    (run.path / name).write_bytes(content[:-cut])
    _refused(run, run.path / name)


@pytest.mark.parametrize(
    ("name", "rows", "old", "new"),
    [
        ("epochs.csv", slice(2, 3), "0.9543", "0.95435"),
        ("epochs.csv", slice(2, 3), "0.9543", "0.9544"),
        ("epochs.csv", slice(1, 2), "1,", "2,"),
        ("epochs.csv", slice(1, 2), "0.9321", "high"),
        ("batches.csv", slice(1, 2), "train,1,1,", "train,1,2,"),
        ("batches.csv", slice(3, 4), ",1.0\n", ",0.9999\n"),
    ],
)
def test_the_first_problem_of_a_log_refuses_the_run(
    make_run: MakeRun, name: str, rows: slice, old: str, new: str
) -> None:
    run = make_run("plain", 0, ACCURACIES)
    _change_rows(run.path / name, rows, old, new)
    _refused(run, run.path / name, rows.start + 1)
    with pytest.raises(BnbenchError, match=f"{re.escape(REMEDY)}$"):
        _read(run)


def test_drop_last_leaves_out_the_small_batch(make_run: MakeRun) -> None:
    run = make_run(
        "plain", 0, [0.9], settings={"training": {"drop_last": True, "batch_size": 3_100}}
    )
    _, batches = _read(run)
    assert batches.groupby("split")["examples"].sum().to_dict() == {
        "train": 19 * 3_100, "validation": 10_000,
    }  # fmt: skip


def _set_cell(path: Path, line: int, column: str, new: str) -> None:
    """Write a cell of a line, which is counted from 1."""
    rows = [row.split(",") for row in path.read_text().splitlines()]
    rows[line - 1][rows[0].index(column)] = new
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def test_the_whole_epochs_of_a_run_that_diverged_follow_from_its_batches(
    make_run: MakeRun,
) -> None:
    run = make_run(
        "plain", 0, ACCURACIES[:2], settings={"training": {"epochs": 5}},
        manifest={"status": "diverged"},
    )  # fmt: skip
    _read(run)
    _set_cell(run.epochs, 2, "validation_accuracy", "0.9322")
    _refused(run, run.epochs, 2)


@pytest.mark.parametrize(
    ("column", "new"), [("validation_accuracy", "0.95435"), ("train_accuracy", "0.95431")]
)
def test_without_batches_an_accuracy_is_still_a_share_of_the_images(
    make_run: MakeRun, column: str, new: str
) -> None:
    run = make_run("plain", 0, ACCURACIES)
    run.batches.unlink()
    _set_cell(run.epochs, 3, column, new)
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
    training = {"batch_size": 3_100, "evaluate_every": 8}
    run = make_run("plain", 0, [0.93, 0.95], settings={"training": training})
    run.evaluations.write_text(EVALUATIONS)
    return run


def _read_evaluations(run: Run) -> pd.DataFrame:
    manifest = run.read_manifest()
    experiment = read_checked_experiment(run, manifest)
    epochs = read_epochs(run, manifest, experiment)
    return frame(read_evaluations(run, manifest, experiment, epochs))


def test_evaluations(watched: Run) -> None:
    rows = _read_evaluations(watched)
    assert rows["step"].tolist() == [8, 16, 24, 32]
    assert rows["validation_accuracy"].tolist() == [0.91, 0.92, 0.93, 0.94]


def test_the_evaluation_after_an_epochs_last_step_is_the_epochs(make_run: MakeRun) -> None:
    training = {"batch_size": 3_100, "evaluate_every": 10}
    run = make_run("plain", 0, [0.93, 0.95], settings={"training": training})
    run.evaluations.write_text("".join(EVALUATIONS.splitlines(keepends=True)[:1]) + (
        "1,10,0.5,0.91,1.0\n2,30,0.3,0.93,0.5\n"
    ))  # fmt: skip
    assert _read_evaluations(run)["step"].tolist() == [10, 30]


def test_a_diverged_run_has_the_evaluations_that_it_got_to(make_run: MakeRun) -> None:
    training = {"batch_size": 3_100, "evaluate_every": 8, "epochs": 3}
    run = make_run(
        "plain", 0, [0.93], settings={"training": training}, manifest={"status": "diverged"}
    )
    run.evaluations.write_text("".join(EVALUATIONS.splitlines(keepends=True)[:4]))
    assert _read_evaluations(run)["step"].tolist() == [8, 16, 24]


def test_an_edited_evaluation_refuses_the_run(watched: Run) -> None:
    watched.evaluations.write_text(EVALUATIONS.replace("0.94", "1.94"))
    with pytest.raises(BnbenchError) as caught:
        _read_evaluations(watched)
    assert str(caught.value).startswith(f"{watched.evaluations}: line 5: ")


@pytest.fixture
def answered(make_run: MakeRun) -> Run:
    """Four test images, of which the last is answered wrongly."""
    dataset = {"validation_examples": 5_000, "test_examples": 4, "validation_is_test_file": False}
    run = make_run(
        "plain", 0, [0.93], manifest={"dataset": dataset, "final": {"test_accuracy": 0.75}}
    )
    np.save(run.predictions, np.array([[7, 2, 1, 0], [7, 2, 1, 6]], dtype=np.uint8))
    return run


def test_predictions(answered: Run) -> None:
    answers = read_predictions(answered, answered.read_manifest())
    assert answers.tolist() == [[7, 2, 1, 0], [7, 2, 1, 6]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4)), r"not uint8 \(2, 4\)"),
        (np.zeros((2, 5), dtype=np.uint8), r"not uint8 \(2, 4\)"),
        (np.zeros((2, 4), dtype=np.uint8), "1.0 are right, not final.test_accuracy 0.75"),
        (np.array([["a", None]], dtype=object), "is no array"),
    ],
)
def test_foreign_predictions(answered: Run, array: npt.NDArray[Any], message: str) -> None:
    np.save(answered.predictions, array, allow_pickle=True)
    _refused_predictions(answered, message)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"a,b\n1,2\n"])
def test_predictions_that_are_no_array(answered: Run, content: bytes) -> None:
    answered.predictions.write_bytes(content)
    _refused_predictions(answered, "")


def test_predictions_cut_off_or_promising_too_much(answered: Run) -> None:
    content = answered.predictions.read_bytes()
    answered.predictions.write_bytes(content[:-1])
    _refused_predictions(answered, "is no array")
    answered.predictions.write_bytes(content.replace(b"(2, 4)", b"(2, 999999999999)"))
    _refused_predictions(answered, "")


def test_missing_predictions(answered: Run) -> None:
    answered.predictions.unlink()
    _refused_predictions(answered, "cannot be read")


def _refused_predictions(run: Run, message: str) -> None:
    with pytest.raises(BnbenchError, match=rf"test_predictions\.npy: .*{message}") as caught:
        read_predictions(run, run.read_manifest())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["epochs.csv", "test_predictions.npy", "weights.pt"])
def test_a_file_that_is_not_the_one_of_the_manifest(make_run: MakeRun, name: str) -> None:
    """Another training accuracy of whole images agrees with everything but its hash."""
    run = make_run("plain", 0, ACCURACIES)
    for path in (run.predictions, run.weights):
        path.write_bytes(b"whatever it was")
    _change_manifest(run, files=file_hashes(run))
    assert len(read_finished_run(run, run.read_manifest()).epochs) == 3
    if name == "epochs.csv":
        _set_cell(run.epochs, 2, "train_accuracy", "0.5")
    else:
        (run.path / name).write_bytes(b"something else")
    with pytest.raises(BnbenchError, match=f"{name}: has changed since the run ended"):
        read_finished_run(run, run.read_manifest())


def test_an_archive_need_not_keep_everything(make_run: MakeRun) -> None:
    run = make_run("plain", 0, ACCURACIES)
    _change_manifest(run, files=file_hashes(run) | {"weights.pt": "0" * 64})
    run.batches.unlink()
    assert len(read_finished_run(run, run.read_manifest()).epochs) == 3
