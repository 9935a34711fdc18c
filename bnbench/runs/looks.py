"""``probes/<kind>.npz``: what a probe saw at each look, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment
from bnbench.foreign import MEBIBYTE
from bnbench.runs.arrays import read_arrays

Looks = dict[str, NDArray[Any]]
"""Name -> (looks, ...), float32, and ``step``, int64, of each look."""

MOST_BYTES = 8 * MEBIBYTE
"""Of one kind of probe, which keeps 5 MB of numbers at most."""


def read_looks(path: Path) -> Looks:
    """Read the arrays of one kind of probe."""
    return read_arrays(path, MOST_BYTES)


def problems_of_looks(path: Path, experiment: Experiment, looks: Looks) -> Iterator[str]:
    """Check what a probe saw by itself, and against what the configuration says of the probe."""
    every = {probe.kind: probe.every for probe in experiment.probes}.get(path.stem)
    if every is None:
        yield f"{path}: is of a probe that the configuration does not have"
    steps = looks.get("step", np.empty(0))
    if not steps.size or {seen.shape[:1] for seen in looks.values()} != {steps.shape}:
        yield f"{path}: must hold as many looks as steps"
    if {seen.dtype.str for seen in looks.values()} != {"<i8", "<f4"} or steps.dtype.str != "<i8":
        yield f"{path}: must hold numbers of 32 bits, and whole ones of 64 as steps"
    elif every and steps.ravel().tolist() != [every * look for look in range(steps.size)]:
        yield f"{path}: step: must grow from 0 by {every}"
