"""The tidy tables that figures are drawn from, against the findings they come from."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bnbench.findings.results import StudyFindings
from bnbench.metrics import parse_metric
from bnbench.report.figures import figure, paired, settings
from bnbench.report.figures import sweep as sweeps
from bnbench.report.figures.figure import Source


def test_paired_differences_are_in_the_axis_unit(headline: StudyFindings) -> None:
    finding = headline.contrasts[0]
    contrast = finding.contrast
    assert contrast
    table = paired.paired_table(["a"], [finding])
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
    table = paired.paired_table(["a"], headline.contrasts[1:2])
    assert table.loc[table["kind"] == "mean", "value"].item() == pytest.approx(-0.02, abs=2e-3)


def test_the_ladder_lays_out_levels_and_leads(ladder: StudyFindings) -> None:
    study, metric = ladder.study, "validation_accuracy@last"
    rungs = [one for one in ladder.contrasts if one.group == "lead" and one.metric.text == metric]
    names = [
        "published", "corrected up to “softmax\nbefore the loss”",
        "corrected up to “batch\nnorm after the activation”", "corrected",
    ]  # fmt: skip
    rows = settings.rows_of(study, rungs)
    assert rows == dict(zip(names, rungs, strict=True))
    levels = settings.levels_table(study, rows)
    assert levels["arm"].tolist() == ["LeNet-5 as published"] * 4 + ["batch norm"] * 4
    assert levels["name"].tolist() == names * 2
    assert rungs[0].baseline.summary
    assert levels["value"][0] == 100 * rungs[0].baseline.summary.mean
    leads = paired.paired_table(names, rungs)
    assert rungs[0].contrast
    assert leads["value"][0] == 100 * rungs[0].contrast.mean_difference


def test_settings_that_give_the_same_numbers_are_one_row(ladder: StudyFindings) -> None:
    """As min-max and [0, 1] do of images that hold both 0 and 255."""
    metric = "validation_accuracy@last"
    first, second, *others = [
        one for one in ladder.contrasts if one.group == "lead" and one.metric.text == metric
    ]
    baseline, treatment = (
        dataclasses.replace(getattr(second, side), values=getattr(first, side).values)
        for side in ("baseline", "treatment")
    )
    half = dataclasses.replace(second, baseline=baseline)
    twin = dataclasses.replace(half, treatment=treatment)
    rows = settings.rows_of(ladder.study, [first, twin, *others])
    assert next(iter(rows.items())) == (
        "published or corrected\nup to “softmax before\nthe loss”",
        first,
    )
    assert len(rows) == 3
    assert len(settings.rows_of(ladder.study, [first, half, *others])) == 4


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


def test_a_sweeps_caption_counts_each_failed_run_once(sweep: StudyFindings) -> None:
    """At the rate 3 the plain network fails at both dropouts, with each of four seeds."""
    level = next(one for one in sweep.contrasts if one.metric.quantity.kind == "level")
    pictures = sweeps.draw(Source(sweep, pd.DataFrame()))
    captions = [picture.caption for picture in pictures if level.group in picture.name]
    assert [caption.endswith(" 8 runs failed.") for caption in captions] == [True]


def test_a_point_without_runs_is_left_out(sweep: StudyFindings) -> None:
    first, *others = [one for one in sweep.contrasts if one.metric.quantity.kind == "level"]
    empty = dataclasses.replace(first, baseline=dataclasses.replace(first.baseline, values={}))
    table = sweeps.sweep_table(sweep.study, [empty, *others])
    at = table[(table["x"] == 0.001) & (table["panel"] == "dropout 0")]
    assert set(at["arm"]) == {"batch norm"}


def test_lines_are_as_few_as_can_be_and_about_equal() -> None:
    """No last word stands alone where it need not."""
    assert figure.wrapped("training loss after the last epoch", 28) == (
        "training loss after\nthe last epoch"
    )
    assert figure.wrapped("test accuracy", 28) == "test accuracy"
    assert figure.wrapped("", 28) == ""


def test_rows_of_panels_beside_each_other_are_equally_high() -> None:
    page = Figure(layout="constrained")
    grid = page.add_gridspec(2, 2, height_ratios=[4, 1])
    panels = [paired._panel(page, grid[0], 4, 4), paired._panel(page, grid[1], 1, 4)]
    for panel in panels:
        panel.set_yticks([0], ["a name at the left"])
    page.draw_without_rendering()
    many, one = (panel.get_position() for panel in panels)
    assert one.y1 == pytest.approx(many.y1, abs=0.01)
    assert one.height == pytest.approx(many.height / 4, rel=0.3)
    assert one.width == pytest.approx(many.width, rel=0.05)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("test_accuracy", "pp (better: above 0)"),
        ("validation_loss@last", "nats (better: below 0)"),
        ("F6.input_drift@all", "sd"),
        ("update_cosine@all", "difference"),
    ],
)
def test_of_what_a_probe_measures_neither_side_is_better(text: str, says: str) -> None:
    assert paired._better(parse_metric(text)) == says
