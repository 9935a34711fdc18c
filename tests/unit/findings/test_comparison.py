"""The same folders through a study and through `compare`: one number for one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bnbench.findings import contrasts_table, find
from bnbench.report.comparison import compare, comparison_tables
from tests.edits import edit_text
from tests.unit.findings.conftest import Load, MakeRuns

STUDY = """\
seeds: 6
experiments:
  plain: {config: plain.yaml}
  batch_norm: {config: batch_norm.yaml}
contrasts:
  speed:
    treatment: batch_norm
    baseline: plain
    metrics: [validation_accuracy@1, validation_accuracy@last, epochs_to_accuracy@0.97,
              epochs_to_accuracy@0.98]
"""
PLAIN = {0: [0.90, 0.96, 0.975], 1: [0.91, 0.972, 0.96], 2: [0.92, 0.97, 0.981]}
BATCH_NORM = {0: [0.95, 0.97, 0.985], 1: [0.975, 0.976, 0.985], 2: [0.96, 0.98, 0.984]}


def _longer(folder: Path, name: str, epochs: int) -> None:
    config = folder / f"{name}.yaml"
    edit_text(config, "epochs: 2", f"epochs: {epochs}")


@pytest.fixture
def both(
    load: Load, make_runs: MakeRuns, results: Path, tmp_path: Path, diverged: dict[str, Any]
) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """``contrasts.csv`` of a study and of a comparison, of the same runs."""

    def both(
        plain: dict[int, list[float]],
        batch_norm: dict[int, list[float]],
        *,
        epochs: tuple[int, int] = (3, 3),
        lost: tuple[int, ...] = (),
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        _longer(tmp_path, "plain", epochs[0])
        _longer(tmp_path, "batch_norm", epochs[1])
        study = load(STUDY)
        for label, curves in (("plain", plain), ("batch_norm", batch_norm)):
            for seed, curve in curves.items():
                manifest = diverged if label == "plain" and seed in lost else None
                make_runs(study, label, {seed: curve}, manifest=manifest)
        compared = comparison_tables(compare([results / "plain", results / "batch_norm"]))
        studied = contrasts_table(find(study, results).all)
        return studied.set_index("metric"), compared["contrasts"].set_index("metric")

    return both


CASES: dict[str, dict[str, Any]] = {
    "alike": {"plain": PLAIN, "batch_norm": BATCH_NORM},
    "diverged": {"plain": PLAIN | {1: [0.91]}, "batch_norm": BATCH_NORM, "lost": (1,)},
    "epochs": {
        "plain": PLAIN,
        "batch_norm": {seed: [*curve, 0.99] for seed, curve in BATCH_NORM.items()},
        "epochs": (3, 4),
    },
    "seeds": {"plain": PLAIN | {5: [0.9, 0.95, 0.96]}, "batch_norm": BATCH_NORM},
    "single": {"plain": {0: PLAIN[0]}, "batch_norm": {0: BATCH_NORM[0]}},
}


PLANNED = [
    "study", "contrast", "confirmatory", "smallest_effect", "family", "p_adjusted", "adjusted_by",
]  # fmt: skip
"""What a study has planned, and a comparison not."""


@pytest.mark.parametrize("case", CASES)
def test_every_shared_number_is_one_number(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]], case: str
) -> None:
    study, compared = both(**CASES[case])
    shared = compared.drop(columns=PLANNED).loc[study.index]
    of_plan = [name for name in map(str, shared) if name.startswith("equivalence_")]  # by a margin
    of_plan += ["paired_effect_of_interest", "paired_n_needed"]
    pd.testing.assert_frame_equal(
        shared.drop(columns=of_plan), study.drop(columns=[*PLANNED, *of_plan]), check_dtype=False
    )


def test_a_diverged_run_is_at_chance_in_both(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    differences = [0.985 - 0.975, 0.985 - 0.1135, 0.984 - 0.981]
    for table in both(**CASES["diverged"]):
        last = table.loc["validation_accuracy@last"]
        assert last["paired_mean_difference"] == pytest.approx(sum(differences) / 3)
        assert last["n"] == 3


def test_a_touch_that_is_not_confirmed_is_no_arrival_in_either(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    seed_0, seed_2 = 2 + 10 / 15, 2.0  # seed 1 falls below 97 % again
    expected = max(seed_0, seed_2)  # the median of these and of never
    for table in both(**CASES["alike"]):
        median = table.loc["epochs_to_accuracy@0.97", "baseline_median"]
        assert median == pytest.approx(expected)
