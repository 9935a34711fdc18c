"""The tidy tables that figures are drawn from, against the findings they come from."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from bnbench.config import parse_metric
from bnbench.findings.results import StudyFindings
from bnbench.report.figures import effects, paired
from bnbench.report.figures import ladder as rungs
from bnbench.report.figures import sweep as sweeps


def test_paired_differences_are_in_the_axis_unit(headline: StudyFindings) -> None:
    finding = headline.contrasts[0]
    contrast = finding.contrast
    assert contrast
    table = paired.paired_table(headline.study, [finding])
    runs = table.loc[table["kind"] == "run", "value"]
    assert runs.tolist() == [100 * difference for difference in contrast.differences]
    (mean,) = table[table["kind"] == "mean"].to_dict("records")
    assert mean["value"] == pytest.approx(sum(runs) / 6)
    assert (mean["lower"], mean["upper"]) == (
        100 * contrast.t_interval.low,
        100 * contrast.t_interval.high,
    )
    assert table.loc[table["kind"] == "published", "value"].tolist() == [3.0]
    assert set(table["smallest_effect"]) == {0.1}


def test_a_loss_stays_in_nats(headline: StudyFindings) -> None:
    table = paired.paired_table(headline.study, headline.contrasts[1:2])
    assert table.loc[table["kind"] == "mean", "value"].item() == pytest.approx(-0.02, abs=2e-3)


def test_the_ladder_lays_out_levels_leads_and_effects(ladder: StudyFindings) -> None:
    plan, metric = ladder.study.ladder, parse_metric("validation_accuracy@last")
    assert plan
    levels = rungs.levels_table(ladder, plan, metric)
    assert levels["arm"].tolist() == ["LeNet-5 as published"] * 4 + ["batch norm"] * 4
    assert levels["row"].tolist() == [0, 1, 2, 3] * 2
    first = ladder.by_name["lead", metric.text]
    assert first.baseline.summary
    assert levels["value"][0] == 100 * first.baseline.summary.mean
    leads = rungs.leads_table(ladder, plan, metric)
    assert first.contrast
    assert leads["value"][0] == 100 * first.contrast.mean_difference
    changes = effects.effects_table(ladder, plan, metric)
    assert changes["row"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert changes["where"].tolist() == ["switch", "alone", "last"] * 3


def test_a_missing_effect_is_an_empty_row(ladder: StudyFindings) -> None:
    plan, metric = ladder.study.ladder, parse_metric("validation_accuracy@last")
    assert plan
    unknown = tuple(dataclasses.replace(one, contrast=None) for one in ladder.changes)
    found = dataclasses.replace(ladder, changes=unknown)
    table = effects.effects_table(found, plan, metric)
    missing = table.loc[table["where"] == "switch", ["value", "lower", "upper"]]
    assert missing.isna().all(axis=None)


def test_a_sweep_has_a_panel_a_value_of_the_further_key(sweep: StudyFindings) -> None:
    findings = [one for one in sweep.contrasts if one.metric.quantity.kind == "level"]
    table = sweeps.sweep_table(sweep.study, findings)
    assert table["panel"].unique().tolist() == ["dropout 0", "dropout 0.5"]
    assert sorted(set(table["x"])) == [0.001, 0.1, 3]
    assert len(table[table["kind"] == "mean"]) == 2 * 6
    assert len(table[table["kind"] == "run"]) == 2 * 6 * 4
    failed = table[table["failed"] > 0]
    assert set(failed["arm"]) == {"plain"}
    assert set(failed["x"]) == {3}
    assert set(failed["failed"]) == {100}


def test_a_point_without_runs_is_left_out(sweep: StudyFindings) -> None:
    first, *others = [one for one in sweep.contrasts if one.metric.quantity.kind == "level"]
    empty = dataclasses.replace(first, baseline=dataclasses.replace(first.baseline, values={}))
    table = sweeps.sweep_table(sweep.study, [empty, *others])
    at = table[(table["x"] == 0.001) & (table["panel"] == "dropout 0")]
    assert set(at["arm"]) == {"batch norm"}


def test_values_that_give_the_same_numbers_are_one_category() -> None:
    """As min-max and [0, 1] do of images that hold both 0 and 255."""
    rows = pd.DataFrame(
        {"arm": "a", "panel": "", "kind": "run", "seed": [0, 1] * 3, "value": [1, 2, 1, 2, 1, 3],
         "tick": ["unit", "unit", "min-max", "min-max", "raw", "raw"]}
    )  # fmt: skip
    kept = sweeps._without_twins(rows)
    assert kept["tick"].tolist() == ["unit or min-max"] * 2 + ["raw"] * 2
    assert kept["value"].tolist() == [1, 2, 1, 3]
