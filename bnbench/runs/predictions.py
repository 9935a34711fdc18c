"""``test_predictions.npy``: the test file's labels and a complete run's predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs.arrays import ForeignArrayError, parse_array
from bnbench.runs.directory import Run
from bnbench.runs.manifest import Manifest

MOST_BYTES = 64 * MEBIBYTE


def read_predictions(run: Run, manifest: Manifest) -> NDArray[np.uint8]:
    """Read labels and predictions: classes, whose accuracy must be the one in the manifest.

    Returns
    -------
    ndarray of uint8, shape (2, N)
        Labels and predicted classes.
    """
    try:
        found: NDArray[np.uint8] = parse_array(read_foreign(run.predictions, MOST_BYTES))
    except ForeignArrayError:
        raise BnbenchError(f"{run.predictions}: is no array that bnbench wrote") from None
    dataset, final = manifest.dataset, manifest.final
    name, images = "test_accuracy", dataset.test_examples
    if images is None:  # the test file has served as validation
        name, images = "validation_accuracy", dataset.validation_examples
    if found.dtype != np.uint8 or found.shape != (2, images):
        raise BnbenchError(
            f"{run.predictions}: is {found.dtype} {found.shape}, not uint8 {(2, images)}"
        )
    if found.max() >= dataset.classes:
        raise BnbenchError(f"{run.predictions}: holds a number that is no class")
    accuracy, stated = float((found[0] == found[1]).mean()), getattr(final, name)
    if accuracy != stated:
        raise BnbenchError(f"{run.predictions}: {accuracy} are right, not final.{name} {stated}")
    return found
