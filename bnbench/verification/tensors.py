"""What a complete run computed last: its weights, and its answers to the test file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment
from bnbench.data import find_dataset
from bnbench.errors import BnbenchError
from bnbench.runs import Run
from bnbench.training import load_weights
from bnbench.training.soundness import form, untrained
from bnbench.verification.stated import Stated


def check_weights(run: Run, stated: Stated, experiment: Experiment) -> Iterator[str]:
    """Compare the weights' names, shapes and types with the architecture's.

    Yields
    ------
    str
        One line a tensor that is missing, not expected, of another shape or type, or not finite.

    Raises
    ------
    BnbenchError
        If the file is missing or is no such file; it is read as tensors only and runs no code.
    """
    classes = len(find_dataset(stated.dataset.name).classes)
    expected = untrained(experiment, classes).state_dict()
    try:
        there = load_weights(run)
    except BnbenchError as error:
        raise BnbenchError(str(error).splitlines()[0]) from None  # PyTorch's advice is long
    if not isinstance(there, dict):
        raise BnbenchError(f"{run.weights}: holds no tensors by name")
    for name in sorted(expected.keys() | there.keys(), key=str):
        found, wanted = form(there.get(name)), form(expected.get(name))
        if found != wanted:
            yield f"{run.weights}: {name}: is {found}, not {wanted}"
        elif not there[name].isfinite().all():
            yield f"{run.weights}: {name}: holds a number that is not finite"


def check_predictions(run: Run, stated: Stated, _: Experiment) -> Iterator[str]:
    """Compare the answers to the test file's images with the accuracy in the manifest.

    Yields
    ------
    str
        At most one line. Runs of the first release have no such file.
    """
    if not run.predictions.exists():
        return
    test_examples = stated.dataset.test_examples or stated.dataset.validation_examples
    answers = _read_answers(run, test_examples)
    if answers.max() >= len(find_dataset(stated.dataset.name).classes):
        yield f"{run.predictions}: holds a number that is no class"
    accuracy = float((answers[0] == answers[1]).mean())
    final = stated.final
    name = "validation_accuracy" if stated.dataset.test_examples is None else "test_accuracy"
    if accuracy != getattr(final, name):
        yield f"{run.predictions}: {accuracy} are right, not final.{name} {getattr(final, name)}"


def _read_answers(run: Run, test_examples: int) -> NDArray[np.uint8]:
    """Read labels and predictions, uint8 (2, N); mapped, since a header may claim any size."""
    try:
        answers = np.lib.format.open_memmap(run.predictions, mode="r")
    except Exception as error:  # noqa: BLE001 - NumPy raises what it likes on a bad header
        raise BnbenchError(f"{run.predictions}: is no array that bnbench wrote ({error})") from None
    if answers.dtype != np.uint8 or answers.shape != (2, test_examples):
        raise BnbenchError(
            f"{run.predictions}: is {answers.dtype} {answers.shape}, not uint8 {(2, test_examples)}"
        )
    return answers
