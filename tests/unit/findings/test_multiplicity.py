"""Which p values are adjusted together, and how."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bnbench.config import PlannedContrast, parse_metric
from bnbench.findings import Finding, Level
from bnbench.findings.contrasts import compare_levels
from bnbench.findings.multiplicity import adjust


def finding(
    p: float, *, name: str = "a", metric: str = "test_accuracy", confirmatory: bool = False
) -> Finding:
    measured = parse_metric(metric)
    level = Level("x", measured, {})
    planned = PlannedContrast(name, "x", "x", (measured,), 0.001, confirmatory)
    return replace(compare_levels("s", planned, level, level, ()), p=p, p_adjusted=p)


def adjusted(*findings: Finding) -> list[tuple[float, str]]:
    return [(one.p_adjusted, one.adjusted_by) for one in adjust(findings)]


def test_confirmatory_levels_and_times_are_one_family() -> None:
    found = adjusted(
        finding(0.01, confirmatory=True),
        finding(0.5),
        finding(0.04, name="b", metric="epochs_to_accuracy@0.97", confirmatory=True),
        finding(0.03, name="b@1", confirmatory=True),
    )
    assert found == [
        (pytest.approx(0.03), "Holm"),
        (0.5, ""),
        (pytest.approx(0.06), "Holm"),
        (pytest.approx(0.06), "Holm"),
    ]


def test_main_questions_are_a_family_of_their_own() -> None:
    findings = [
        finding(p, name=name, confirmatory=True)
        for p, name in ((0.01, "a"), (0.02, "b"), (0.01, "c"), (0.04, "d"), (0.2, "e"))
    ]
    exploratory = finding(0.03, name="f")  # a short question, though not said to be confirmatory
    main = {("a", "test_accuracy"), ("b", "test_accuracy"), ("f", "test_accuracy")}
    found = adjust([*findings, exploratory], main)
    assert [one.p_adjusted for one in found] == pytest.approx([0.03, 0.04, 0.03, 0.08, 0.2, 0.04])
    assert [one.adjusted_by for one in found] == ["Holm"] * 6


def test_shares_are_not_in_the_confirmatory_family() -> None:
    found = adjusted(
        finding(0.02, confirmatory=True), finding(0.04, metric="diverged", confirmatory=True)
    )
    assert found == [(0.02, "Holm"), (0.04, "")]


def test_the_points_of_a_sweep_metric_by_metric() -> None:
    found = adjusted(
        finding(0.01, name="rate@1"),
        finding(0.04, name="rate@1", metric="diverged"),
        finding(0.04, name="rate@2"),
        finding(0.03, name="rate@3"),
        finding(0.04, name="rate@2", metric="diverged"),
        finding(0.03, name="other"),
    )
    assert found == [
        (pytest.approx(0.03), "Benjamini-Hochberg"),
        (pytest.approx(0.04), "Benjamini-Hochberg"),
        (pytest.approx(0.04), "Benjamini-Hochberg"),
        (pytest.approx(0.04), "Benjamini-Hochberg"),
        (pytest.approx(0.04), "Benjamini-Hochberg"),
        (0.03, ""),
    ]


def test_a_p_that_there_is_not_keeps_its_place_in_the_family() -> None:
    """A family is as large as it was planned, whatever came of it."""
    found = adjust([finding(p, confirmatory=True) for p in (0.01, math.nan, math.nan)])
    assert found[0].p_adjusted == pytest.approx(0.03)
    assert all(math.isnan(one.p_adjusted) and math.isnan(one.p) for one in found[1:])


def test_nothing_to_adjust() -> None:
    assert adjust([]) == []
