"""What differs between two runs: what they were made of, and the numbers they gave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
import pandas as pd

from bnbench.runs import Run
from bnbench.verification.logs import Log, read_batches, read_epochs, read_evaluations


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ, and what it is in each."""

    what: str
    first: str
    second: str


def differing_facts(first: Run, second: Run) -> list[Difference]:
    """Compare configurations and manifests, key by key: all but times, paths and results.

    Raises
    ------
    BnbenchError
        If a manifest or a configuration cannot be read.
    """
    one, other = _facts(first), _facts(second)
    keys = list(dict.fromkeys([*one, *other]))
    return [
        Difference(key, str(one.get(key, "-")), str(other.get(key, "-")))
        for key in keys
        if one.get(key) != other.get(key)
    ]


def _facts(run: Run) -> dict[Any, Any]:
    """Give what a run was made of as one level of dotted keys."""
    experiment, manifest = run.read_experiment(), run.read_manifest()
    content = manifest.content()
    facts = experiment.model_dump(mode="json", exclude={"description", "published"}) | {
        name: content[name]
        for name in ("seed", "status", "dataset", "versions", "source", "code", "machine")
    }
    flat: dict[Any, Any] = pd.json_normalize(facts).to_dict("records")[0]
    return flat


def differing_numbers(first: Run, second: Run) -> list[Difference]:
    """Compare the logs of two runs, times apart.

    Returns
    -------
    list of Difference
        Of each log the first row that differs, and the largest difference between the losses of
        one training step; empty for the same numbers.

    Raises
    ------
    BnbenchError
        If a log cannot be read, or is none.
    """
    batches = read_batches(first), read_batches(second)
    return [
        *first_difference(*batches),
        *_largest(*batches),
        *first_difference(read_epochs(first), read_epochs(second)),
        *first_difference(read_evaluations(first), read_evaluations(second)),
    ]


def first_difference(first: Log, second: Log) -> Iterator[Difference]:
    """Name the first cell in which two logs differ, times apart, and how many rows they have.

    Only columns that both have are compared: a later version may write more of them.
    """
    columns = [
        name for name in first.cells if name in second.cells and not name.endswith("_seconds")
    ]
    rows = range(min(len(first), len(second)))
    cells = product(rows, columns)
    unequal = (at for at in cells if first.cells[at[1]][at[0]] != second.cells[at[1]][at[0]])
    for row, column in islice(unequal, 1):
        yield Difference(
            f"{first.path.name}, {_place(first, row)}: {column}",
            first.cells[column][row],
            second.cells[column][row],
        )
    if len(first) != len(second):
        yield Difference(f"{first.path.name}, rows", str(len(first)), str(len(second)))


def _place(log: Log, row: int) -> str:
    """Say which row it is in the log's own words, such as ``split train, epoch 1, step 17``."""
    return ", ".join(
        f"{name} {log.cells[name][row]}" for name in ("split", "epoch", "step") if name in log.cells
    )


def _largest(first: Log, second: Log) -> Iterator[Difference]:
    one, other = first.of_training().losses(), second.of_training().losses()
    steps = min(len(one), len(other))
    with np.errstate(invalid="ignore"):  # two infinities of a diverged run
        apart = np.nan_to_num(np.abs(one[:steps].astype(np.float64) - other[:steps]))
    if apart.any():
        at = int(apart.argmax())
        yield Difference(
            f"largest difference of training losses, {apart[at]:.1e} nats, at step {at + 1}",
            str(one[at]),
            str(other[at]),
        )
