"""What differs between two runs: what they were made of, and the numbers they gave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.runs import Log, Run, read_batches, read_epochs, read_evaluations


@dataclass(frozen=True)
class Unequal:
    """One thing in which two runs differ, and what it is in each."""

    what: str
    first: str
    second: str


def differing_facts(first: Run, second: Run) -> list[Unequal]:
    """Compare configurations and manifests, key by key: all but times, paths and results."""
    facts_1, facts_2 = _facts(first), _facts(second)
    return [
        Unequal(key, str(facts_1.get(key, "-")), str(facts_2.get(key, "-")))
        for key in dict.fromkeys([*facts_1, *facts_2])
        if facts_1.get(key) != facts_2.get(key)
    ]


def _facts(run: Run) -> dict[Any, Any]:
    """What a run was made of, as one level of dotted keys."""
    experiment, manifest = run.read_experiment(), run.read_manifest()
    content = manifest.content()
    facts = experiment.model_dump(mode="json", exclude={"description", "published"}) | {
        name: content[name]
        for name in ("seed", "status", "dataset", "versions", "source", "code", "machine")
    }
    flat: dict[Any, Any] = pd.json_normalize(facts).to_dict("records")[0]
    return flat


def differing_numbers(first: Run, second: Run) -> list[Unequal]:
    """Compare the logs of two runs, times apart.

    Returns
    -------
    list of Unequal
        Of each log the first row that differs, and the largest difference between the losses of
        one training step; empty for the same numbers. Batches count where both runs have kept them.
    """
    of_batches: list[Unequal] = []
    if batches_are_kept(first, second):
        batches = read_batches(first), read_batches(second)
        of_batches = [*first_difference(*batches), *_largest(*batches)]
    return [
        *of_batches,
        *first_difference(read_epochs(first), read_epochs(second)),
        *first_difference(read_evaluations(first), read_evaluations(second)),
    ]


def batches_are_kept(*runs: Run) -> bool:
    """Whether each run has its ``batches.csv``, which a packed copy lacks."""
    return all(run.batches.exists() for run in runs)


def first_difference(first: Log, second: Log) -> Iterator[Unequal]:
    """Name the first cell in which two logs differ, times apart, and how many rows they have.

    Columns beyond those of today are left alone: a later version may write more of them.
    """
    shared = min(len(first), len(second))
    unequal = {
        name: np.flatnonzero(~_equal(first[name][:shared], second[name][:shared]))
        for name in first.columns
        if not name.endswith("_seconds")
    }
    rows = {name: int(rows[0]) for name, rows in unequal.items() if rows.size}
    if rows:
        column = min(rows, key=lambda name: rows[name])
        row = rows[column]
        yield Unequal(
            f"{first.path.name}, {_place(first, row)}: {column}",
            first.cell(row, column),
            second.cell(row, column),
        )
    if len(first) != len(second):
        yield Unequal(f"{first.path.name}, rows", str(len(first)), str(len(second)))


def _equal(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    """Compare cell by cell; what is no number in both is the same."""
    with np.errstate(invalid="ignore"):
        same: NDArray[np.bool_] = (first == second) | ((first != first) & (second != second))
    return same


def _place(log: Log, row: int) -> str:
    """Say which row it is in the log's own words, such as ``split train, epoch 1, step 17``."""
    return ", ".join(
        f"{name} {log[name][row]}" for name in ("split", "epoch", "step") if name in log.columns
    )


def _largest(first: Log, second: Log) -> Iterator[Unequal]:
    losses = [log.of_training().losses().astype(np.float64) for log in (first, second)]
    steps = min(map(len, losses))
    with np.errstate(invalid="ignore"):  # two infinities of a diverged run
        apart = np.nan_to_num(np.abs(losses[0][:steps] - losses[1][:steps]))
    if apart.any():
        at = int(apart.argmax())
        yield Unequal(
            f"largest difference of training losses, {apart[at]:.1e} nats, at step {at + 1}",
            first.of_training().cell(at, "loss"),
            second.of_training().cell(at, "loss"),
        )
