"""Cells by hand from findings whose numbers are simple."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from bnbench.findings.numbers import NOTHING
from bnbench.findings.results import Arm, Finding, Note, StudyFindings
from bnbench.report.study_tables import (
    contrast_tables,
    finding_notes,
    predictions_table,
    published_table,
)
from bnbench.report.table import Table
from bnbench.statistics import Contrast, Interval, SpeedUp
from tests.unit.report.study.conftest import predictions_of

NAN = math.nan


def _interval(low: float, high: float, method: str = "t") -> Interval:
    return Interval(low, high, method)


def _contrast() -> Contrast:
    return Contrast(
        seeds=(0, 1, 2),
        differences=(0.01, 0.02, 0.03),
        treatment_mean=0.98,
        baseline_mean=0.96,
        mean_difference=0.02,
        sd=0.01,
        t_interval=_interval(-0.0048, 0.0448),
        bootstrap_interval=_interval(0.01, 0.03, "percentile bootstrap"),
        sign_flip_p=0.25,
        wilcoxon_p=0.25,
        d_z=2.0,
        win_probability=1.0,
        win_interval=_interval(0.4385, 1.0),
        pairing_correlation=-0.5,
        smallest_detectable=0.034,
        effect_of_interest=0.001,
        n_needed=1053.0,
    )


def _row(table: Table, row: int = 0) -> dict[str, str]:
    return dict(zip(table.header, table.rows[row], strict=True))


def _of(findings: Sequence[Finding], metric: str) -> Finding:
    return next(one for one in findings if one.metric.text == metric)


def test_a_level_shows_every_number_with_its_unit(headline: StudyFindings) -> None:
    finding = dataclasses.replace(
        _of(headline.contrasts, "validation_accuracy@1"),
        contrast=_contrast(),
        prediction=_interval(-0.029, 0.069, "prediction"),
        published=0.03,
        equivalence=None,
        p=0.25,
        p_adjusted=0.5,
    )
    (table,) = contrast_tables(headline.study, [finding])
    assert "“batch norm” against “plain”" in table.caption
    assert _row(table) == {
        "metric": finding.metric.title,
        "n": "3",
        "treatment mean": "98.00 %",
        "baseline mean": "96.00 %",
        "mean difference": "+2.00 pp",
        "95 % t interval": "[−0.48, +4.48]",
        "95 % bootstrap interval": "[+1.00, +3.00] percentile",
        "exact p": "0.25",
        "adjusted p": "0.50 (Holm)",
        "d_z": "2.00",
        "P(treatment better)": "1.00 [0.44, 1.00]",
        "correlation of pairs": "−0.50",
        "smallest detectable": "3.40 pp",
        "n needed": "1,053",
        "equivalent": "–",
        "published difference": "+3.00 pp (inside)",
        "95 % prediction interval": "[−2.90, +6.90]",
    }


def test_a_time_shows_medians_and_who_never_arrives(headline: StudyFindings) -> None:
    speed = SpeedUp(
        seeds=(0, 1, 2),
        treatment_median=2.0,
        baseline_median=math.inf,
        treatment_never=0,
        baseline_never=2,
        ratio=math.inf,
        interval=_interval(1.5, math.inf),
        sign_test_p=0.25,
        win_probability=1.0,
        win_interval=_interval(0.4385, 1.0),
    )
    known = _of(headline.contrasts, "epochs_to_accuracy@0.97")
    finding = dataclasses.replace(
        known,
        speed_up=speed,
        treatment=dataclasses.replace(known.treatment, published=2.0),
        p=0.25,
        p_adjusted=NAN,
    )
    (table,) = contrast_tables(headline.study, [finding])
    row = _row(table)
    assert (row["treatment median"], row["baseline median"]) == ("2.00 epochs", "never")
    assert (row["treatment never"], row["baseline never"]) == ("0 of 3", "2 of 3")
    assert (row["baseline / treatment"], row["95 % bootstrap interval"]) == ("∞", "[1.50, ∞]")
    assert (row["sign test p"], row["adjusted p"]) == ("0.25", "–")
    assert row["published"] == "2.00 epochs against –"


def test_levels_times_and_shares_stand_apart(headline: StudyFindings) -> None:
    levels, times, shares = contrast_tables(headline.study, headline.contrasts)
    assert [len(table.rows) for table in (levels, times, shares)] == [2, 1, 1]
    assert _row(shares) == {"metric": "failed", "treatment": "0 of 6", "baseline": "0 of 6"}
    assert all(len(row) == len(levels.header) for row in levels.rows)


def test_any_time_intervals_and_p_are_called_so(headline: StudyFindings) -> None:
    looked = [dataclasses.replace(one, any_time=True) for one in headline.contrasts]
    levels, times, _ = contrast_tables(headline.study, looked)
    assert {"95 % any-time interval", "any-time p"} <= {*levels.header}
    assert "any-time p" in times.header
    usual = {"95 % t interval", "exact p", "sign test p"}
    assert usual.isdisjoint([*levels.header, *times.header])


def test_a_sweep_says_where(sweep: StudyFindings) -> None:
    levels, shares = contrast_tables(sweep.study, sweep.contrasts)
    assert levels.header[0] == "at"
    assert [row[0] for row in levels.rows] == [
        f"learning rate {rate}, dropout {share}"
        for rate in ("0.001", "0.1", "3")
        for share in ("0", "0.5")
    ]  # fmt: skip
    assert _row(shares, 4)["baseline"] == "4 of 4"
    assert _row(shares, 4)["treatment"] == "0 of 4"


def test_what_was_not_measured_has_no_row_but_its_note(headline: StudyFindings) -> None:
    unknown = dataclasses.replace(
        _of(headline.contrasts, "epochs_to_accuracy@0.97"),
        speed_up=None,
        notes=(Note(("no batches",)),),
    )
    assert contrast_tables(headline.study, [unknown]) == []
    others = [one for one in headline.contrasts if one.metric != unknown.metric]
    titles = "; ".join(finding.metric.title for finding in others)
    assert finding_notes(headline.study, [*others, unknown]) == [
        f"{titles}: only baseline has seed 9",
        f"{unknown.metric.title}: no batches",
    ]
    assert finding_notes(headline.study, others) == ["only baseline has seed 9"]


def test_published_points_are_judged_where_there_are_several_runs(headline: StudyFindings) -> None:
    table = published_table(headline.study, headline.published)
    assert len(table.rows) == 20
    assert _row(table)["published"] == "90.00 %"
    assert [_row(table, row)["inside"] for row in (0, 1)] == ["no", "yes"]
    first = headline.published[0]
    alone = dataclasses.replace(first, summary=dataclasses.replace(first.summary, n=1))
    row = _row(published_table(headline.study, [alone]))
    assert (row["inside"], row["95 % prediction interval"]) == ("–", "–")


def test_the_ladder_goes_down_by_one_defect_a_row(ladder: StudyFindings) -> None:
    rungs = [one for one in ladder.contrasts if one.group == "lead"]
    (table,) = contrast_tables(ladder.study, rungs)
    recipes = [row[0] for row in table.rows[::2]]  # two metrics each
    assert recipes == [
        "published", "corrected up to “softmax before the loss”",
        "corrected up to “batch norm after the activation”", "corrected",
    ]  # fmt: skip
    first = rungs[0].contrast
    assert first
    assert _row(table)["mean difference"] == f"{100 * first.mean_difference:+.2f} pp"
    switches = [one for one in ladder.changes if one.group == "alone"]
    (table,) = contrast_tables(ladder.study, switches)
    assert [row[0] for row in table.rows[::2]] == [
        "“softmax before the loss”", "“batch norm after the activation”", "“evaluation mode”",
    ]  # fmt: skip


def test_answers_seed_by_seed(headline: StudyFindings) -> None:
    predictions = predictions_of(headline.study)
    table = predictions_table(predictions)
    assert [row[0] for row in table.rows] == ["0", "1", "2"]
    one = predictions.per_seed[0]
    gained, lost = one.only_treatment_right, one.only_baseline_right
    assert table.rows[0][1:4] == ("200", str(gained), str(lost))
    assert table.rows[0][4] == f"{(gained - lost) / 2:+.2f} pp".replace("-", "−")


def test_rare_columns_are_folded_and_empty_ones_left_out() -> None:
    rows = (("a", "1", NOTHING, "3"), ("b", NOTHING, NOTHING, "4"))
    table = Table("t", ("metric", "n", "never", "rare"), rows, rare=("rare",))
    assert table.usual.header == ("metric", "n")
    assert table.folded == Table("t", ("metric", "rare"), (("a", "3"), ("b", "4")))
    assert Table("t", ("metric", "n"), (("a", "1"),), rare=("rare",)).folded is None


def test_notes_name_arms_by_their_titles(headline: StudyFindings) -> None:
    (first, *_) = headline.contrasts
    note = Note(("not measured for ", Arm("batch_norm"), ", seed 1"), "plain text")
    told = dataclasses.replace(first, notes=(note,))
    assert str(note) == "not measured for batch_norm, seed 1 (plain text)"
    assert finding_notes(headline.study, [told]) == [
        "not measured for “batch norm”, seed 1 (plain text)"
    ]
