"""Weights and answers: foreign, hostile and edited files."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bnbench.errors import BnbenchError
from bnbench.runs import Run, read_predictions
from bnbench.verification.inspection import inspect
from tests.edits import Hostile
from tests.unit.verification.conftest import MakeRun


def only_problem(run: Run) -> str:
    (line,) = inspect(run).problems
    return line


def save_weights(run: Run, weights: object) -> None:
    torch.save(weights, run.weights)


def weights(run: Run) -> dict[str, torch.Tensor]:
    return torch.load(run.weights, weights_only=True)  # type: ignore[no-any-return]


def test_hostile_weights_run_no_code(make_run: MakeRun, tmp_path: Path) -> None:
    run, made = make_run(), tmp_path / "made"
    torch.save({"layer": Hostile(made)}, run.weights)
    assert only_problem(run).startswith(f"{run.weights}: are no weights of bnbench")
    run.weights.write_bytes(pickle.dumps(Hostile(made)))
    assert only_problem(run).startswith(f"{run.weights}: are no weights of bnbench")
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([torch.zeros(1)], "holds no tensors by name"),
        (torch.zeros(1), "holds no tensors by name"),
    ],
)
def test_tensors_that_are_no_weights(make_run: MakeRun, content: object, said: str) -> None:
    run = make_run()
    save_weights(run, content)
    assert only_problem(run) == f"{run.weights}: {said}"


NAME = "output.weight"  # of LeNet-5: 10 x 84


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "is nothing, not torch.float32 (10, 84)"),
        (torch.zeros(84, 10), "is torch.float32 (84, 10), not torch.float32 (10, 84)"),
        (torch.zeros(10, 84, dtype=torch.float64), "is torch.float64 (10, 84), not torch.float32"),
        (torch.full((10, 84), torch.nan), "holds a number that is not finite"),
        ("text", "is no tensor, not torch.float32 (10, 84)"),
    ],
)  # fmt: skip
def test_edited_weights(make_run: MakeRun, value: object, said: str) -> None:
    run = make_run()
    edited: dict[str, object] = {**weights(run)}
    assert NAME in edited
    edited[NAME] = value
    save_weights(run, {name: tensor for name, tensor in edited.items() if tensor is not None})
    line = only_problem(run)
    assert line.startswith(f"{run.weights}: {NAME}: {said}")


def test_a_tensor_too_many(make_run: MakeRun) -> None:
    run = make_run()
    save_weights(run, weights(run) | {"more": torch.zeros(2), 5: torch.zeros(1)})
    assert inspect(run).problems == (
        f"{run.weights}: 5: is torch.float32 (1,), not nothing",
        f"{run.weights}: more: is torch.float32 (2,), not nothing",
    )


def test_an_edited_answer(make_run: MakeRun) -> None:
    run = make_run()
    answers = np.load(run.predictions)
    right = int(np.flatnonzero(answers[0] == answers[1])[0])
    answers[1, right] = (answers[0, right] + 1) % 10
    np.save(run.predictions, answers)
    accuracy = json.loads(run.manifest.read_text(encoding="utf-8"))["final"]["test_accuracy"]
    found = (round(accuracy * 297) - 1) / 297
    assert only_problem(run).startswith(f"{run.predictions}: {found} ")


def test_answers_where_the_test_file_served_as_validation(make_run: MakeRun) -> None:
    run = make_run("published")
    answers = np.load(run.predictions)
    np.save(run.predictions, answers[::-1])  # what is right does not depend on the order
    assert inspect(run).problems == ()
    np.save(run.predictions, (answers + 1) % 10 * np.array([[1], [0]], dtype=np.uint8))
    assert "not final.validation_accuracy" in only_problem(run)


def test_a_number_that_is_no_class(make_run: MakeRun) -> None:
    run = make_run()
    answers = np.load(run.predictions)
    wrong = int(np.flatnonzero(answers[0] != answers[1])[0])
    answers[1, wrong] = 10
    np.save(run.predictions, answers)
    assert only_problem(run) == f"{run.predictions}: holds a number that is no class"


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 297), dtype=np.int64), r"is int64 (2, 297), not uint8 (2, 297)"),
        (np.zeros((2, 296), dtype=np.uint8), r"is uint8 (2, 296), not uint8 (2, 297)"),
        (np.zeros(594, dtype=np.uint8), r"is uint8 (594,), not uint8 (2, 297)"),
        (np.zeros((2, 0), dtype=np.uint8), "is "),
    ],
)
def test_other_arrays(make_run: MakeRun, array: np.ndarray[Any, Any], said: str) -> None:
    run = make_run()
    np.save(run.predictions, array)
    assert only_problem(run).startswith(f"{run.predictions}: {said}")


def test_hostile_answers_run_no_code(make_run: MakeRun, tmp_path: Path) -> None:
    run, made = make_run(), tmp_path / "made"
    np.save(run.predictions, np.array([Hostile(made)], dtype=object), allow_pickle=True)
    assert "is no array that bnbench wrote" in only_problem(run)
    run.predictions.write_bytes(pickle.dumps(Hostile(made)))
    assert "is no array that bnbench wrote" in only_problem(run)
    assert not made.exists()


def header(text: str) -> bytes:
    padded = text.encode("latin-1", "replace") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


@settings(max_examples=40)
@given(
    st.binary(max_size=100)
    | st.binary(max_size=100).map(lambda rest: b"\x93NUMPY\x01\x00" + rest)
    | st.text(alphabet="{}()[]'descr:,fortanshpe<|u10 L\n", max_size=60).map(header)
)
def test_any_bytes_are_refused_in_one_line(
    originals: dict[str, Run], tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    run = Run(tmp_path_factory.mktemp("run"))
    run.predictions.write_bytes(content)
    with pytest.raises(BnbenchError, match=r"is no array that bnbench|, not uint8") as caught:
        read_predictions(run, originals["held_out"].read_manifest())
    assert str(caught.value).startswith(f"{run.predictions}: ")
