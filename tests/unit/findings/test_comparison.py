"""The same folders through a study and through `compare`: one number for one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bnbench.findings import contrasts_table, find
from bnbench.report.comparison import compare
from bnbench.report.comparison_files import write_comparison
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

pytestmark = pytest.mark.usefixtures("undrawn")


def _longer(folder: Path, name: str, epochs: int) -> None:
    config = folder / f"{name}.yaml"
    edit_text(config, "epochs: 2", f"epochs: {epochs}")


@pytest.fixture
def both(
    load: Load, make_runs: MakeRuns, results: Path, tmp_path: Path, diverged: dict[str, Any]
) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """``contrasts.csv`` of a study and ``summary.csv`` of a comparison, of the same runs."""

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
        compared = compare([results / "plain", results / "batch_norm"])
        write_comparison(compared, tmp_path / "out")
        return (
            contrasts_table(find(study, results)).set_index("metric"),
            pd.read_csv(tmp_path / "out" / "summary.csv"),
        )

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


@pytest.mark.parametrize("case", CASES)
def test_every_shared_number_is_one_number(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]], case: str
) -> None:
    study, summary = both(**CASES[case])
    epochs = dict(zip(("plain", "batch_norm"), CASES[case].get("epochs", (3, 3)), strict=True))
    for side, arm in (("treatment", "batch_norm"), ("baseline", "plain")):
        mine = summary[(summary["experiment"] == arm) & summary["baseline"].isna()]
        for metric, column, name in (
            ("validation_accuracy@1", "epoch", 1),
            ("validation_accuracy@last", "epoch", epochs[arm]),
            ("epochs_to_accuracy@0.97", "threshold", 0.97),
            ("epochs_to_accuracy@0.98", "threshold", 0.98),
        ):
            (row,) = mine[mine[column] == name].to_dict("records")
            known = study.loc[metric]
            pairs = [(row["published"], known[f"{side}_published"])]
            if column == "epoch":
                pairs += [
                    (row["mean"], known[f"{side}_mean"]),
                    (row["sd"], known[f"{side}_sd"]),
                    (row["lower"], known[f"{side}_interval_low"]),
                    (row["upper"], known[f"{side}_interval_high"]),
                    (row["n"], known[f"{side}_n"]),
                ]
            else:
                pairs.append((row["median"], known[f"{side}_median"]))
            for compared, studied in pairs:
                assert compared == pytest.approx(studied, nan_ok=True), (metric, arm)
    differences = summary[summary["baseline"] == "plain"].to_dict("records")
    for metric, row in zip(
        ("validation_accuracy@1", "validation_accuracy@last"), differences, strict=True
    ):
        known = study.loc[metric]
        assert row["n"] == known["n"]
        for column, name in (
            ("mean", "paired_mean_difference"),
            ("sd", "paired_sd"),
            ("lower", "paired_t_interval_low"),
            ("upper", "paired_t_interval_high"),
            ("published", "published"),
        ):
            assert row[column] == pytest.approx(100 * known[name], nan_ok=True), (metric, column)


def test_a_diverged_run_is_at_chance_in_both(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    study, summary = both(**CASES["diverged"])
    differences = [0.985 - 0.975, 0.985 - 0.1135, 0.984 - 0.981]
    mean = sum(differences) / 3
    assert study.loc["validation_accuracy@last", "paired_mean_difference"] == pytest.approx(mean)
    last = summary[summary["quantity"] == "validation_accuracy_difference_pp"].iloc[-1]
    assert last["mean"] == pytest.approx(100 * mean)
    assert last["n"] == 3


def test_a_touch_that_is_not_confirmed_is_no_arrival_in_either(
    both: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    study, summary = both(**CASES["alike"])
    seed_0, seed_2 = 2 + 10 / 15, 2.0  # seed 1 falls below 97 % again
    expected = max(seed_0, seed_2)  # the median of these and of never
    assert study.loc["epochs_to_accuracy@0.97", "baseline_median"] == pytest.approx(expected)
    times = summary[(summary["threshold"] == 0.97) & (summary["experiment"] == "plain")]
    assert times["median"].tolist() == pytest.approx([expected])
