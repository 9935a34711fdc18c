"""``test_predictions.npy``: the test file's labels and a complete run's answers to its images."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs.directory import Run
from bnbench.runs.manifest import Manifest

MOST_BYTES = 64 * MEBIBYTE


def read_predictions(run: Run, manifest: Manifest) -> NDArray[np.uint8]:
    """Read labels and predicted classes, whose accuracy must be the one in the manifest.

    Returns
    -------
    ndarray of uint8, shape (2, N)
        Labels and predicted classes.
    """
    answers = _read_array(run)
    dataset, final = manifest.dataset, manifest.final
    name, images = "test_accuracy", dataset.test_examples
    if images is None:  # the test file has served as validation
        name, images = "validation_accuracy", dataset.validation_examples
    if answers.dtype != np.uint8 or answers.shape != (2, images):
        raise BnbenchError(
            f"{run.predictions}: is {answers.dtype} {answers.shape}, not uint8 {(2, images)}"
        )
    accuracy, stated = float((answers[0] == answers[1]).mean()), getattr(final, name)
    if accuracy != stated:
        raise BnbenchError(f"{run.predictions}: {accuracy} are right, not final.{name} {stated}")
    return answers


def _read_array(run: Run) -> NDArray[np.uint8]:
    """Read header and numbers apart: NumPy would make room for whatever a header promises."""
    content = BytesIO(read_foreign(run.predictions, MOST_BYTES))
    try:
        np.lib.format.read_magic(content)
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(content)
        if in_columns or dtype.hasobject:
            raise ValueError
        return np.frombuffer(content.read(), dtype).reshape(shape)
    except Exception:  # noqa: BLE001 - NumPy raises what it likes on a bad header
        raise BnbenchError(f"{run.predictions}: is no array that bnbench wrote") from None
