"""Findings and studies built by hand, with the numbers of the project's own statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bnbench.config import BestAgainstBest, Metric, PlannedContrast, Study, parse_metric
from bnbench.config.label import Label
from bnbench.config.study import StudyArm
from bnbench.findings.contrasts import compare_levels
from bnbench.findings.results import BestFinding, Finding, Level, Note, StudyFindings

MakeFinding = Callable[..., Finding]
MakeLevel = Callable[..., Level]
MakeStudy = Callable[..., StudyFindings]
MakeBest = Callable[..., BestFinding]


def _level(
    metric: Metric, values: Mapping[int, float], label: str, diverged: Sequence[int]
) -> Level:
    return Level(label, metric, dict(values), tuple(diverged))


def _by_seed(values: Sequence[float] | Mapping[int, float]) -> Mapping[int, float]:
    return values if isinstance(values, Mapping) else dict(enumerate(values))


@pytest.fixture
def make_level() -> MakeLevel:
    def make(values: Sequence[float], metric: str = "validation_accuracy@last") -> Level:
        return _level(parse_metric(metric), _by_seed(values), "arm", ())

    return make


@pytest.fixture
def make_finding() -> MakeFinding:
    """Build a finding; levels may be given as `differences` from a baseline at 0.5."""

    def make(
        differences: Sequence[float] | None = None,
        *,
        treatment: Sequence[float] | Mapping[int, float] = (),
        baseline: Sequence[float] | Mapping[int, float] = (),
        metric: str = "validation_accuracy@last",
        name: str = "contrast",
        labels: tuple[str, str] = ("treatment", "baseline"),
        diverged: tuple[Sequence[int], Sequence[int]] = ((), ()),
        smallest_effect: float | None = 0.001,
        confirmatory: bool = False,
        p_adjusted: float = 0.01,
        notes: tuple[Note, ...] = (),
    ) -> Finding:
        if differences is not None:
            treatment, baseline = [0.5 + one for one in differences], [0.5] * len(differences)
        measured = parse_metric(metric)
        levels = [
            _level(measured, _by_seed(values), label, failed)
            for values, label, failed in zip((treatment, baseline), labels, diverged, strict=True)
        ]
        planned = PlannedContrast(name, *labels, (measured,), smallest_effect, confirmatory)
        found = compare_levels("study", planned, levels[0], levels[1], notes)
        adjusted_by = "Holm" if confirmatory else ""
        return replace(found, p=0.01, p_adjusted=p_adjusted, adjusted_by=adjusted_by)

    return make


@pytest.fixture
def make_best() -> MakeBest:
    def make(
        treatment: Sequence[float], baseline: Sequence[float], findings: Sequence[Finding] = ()
    ) -> BestFinding:
        usable: dict[str, Any] = {
            "treatment": dict.fromkeys(range(6), tuple(treatment)),
            "baseline": dict.fromkeys(range(6), tuple(baseline)),
        }
        named = tuple(replace(finding, name="best") for finding in findings)
        return BestFinding("best", "bn@1", "plain@1", tuple(range(5)), named, usable)

    return make


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Build a study with these findings, whose file may hold claims of its own."""

    def make(
        findings: Sequence[Finding] = (),
        best: Sequence[BestFinding] = (),
        name: str = "study",
        keeps: str = "",
        text: str = "",
    ) -> StudyFindings:
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        study = study_of(
            findings,
            best,
            name=name,
            keeps=keeps,
            has_small=bool(keeps),
            claims=({},) if text else (),
            path=str(path),
        )
        return StudyFindings(study, tuple(findings), tuple(best), (), (), (), ())

    return make


RATE = "training.optimizer.learning_rate"
RATES = (0.001, 0.01, 0.1, 1)


def study_of(findings: Sequence[Finding], best: Sequence[BestFinding], **fields: Any) -> Study:
    """Build the study that has these findings; each side of a best is a grid of `RATES`."""
    contrasts, bests = tuple(map(_planned, findings)), tuple(map(_planned_best, best))
    labels = {label for each in contrasts + bests for label in each.arms}
    return Study(
        arms={label: _arm(label) for label in sorted(labels)},
        grid_keys=dict.fromkeys(("bn", "plain"), (RATE,)),
        contrasts=contrasts,
        best=bests,
        **{"name": "study", "question": "?", "seeds": (0, 1), **fields},
    )


def _arm(label: str) -> StudyArm:
    """Label an arm; what experiment stands behind it does not matter to a claim."""
    group, point = Label.parse(label)
    experiment: Any = None
    return StudyArm(label, group, experiment, (float(point),) if point else ())


def _planned(finding: Finding) -> PlannedContrast:
    sides = (finding.treatment.label, finding.baseline.label)
    return PlannedContrast(finding.name, *sides, (finding.metric,), 0.001, False)


def _planned_best(best: BestFinding) -> BestAgainstBest:
    metrics = tuple(finding.metric for finding in best.findings)
    treatment, baseline = (tuple(f"{side}@{rate}" for rate in RATES) for side in ("bn", "plain"))
    return BestAgainstBest(best.name, treatment, baseline, metrics, 5, 0.001, False)
