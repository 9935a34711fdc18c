"""A ladder of three switches, of which one has no effect without batch norm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.findings import StudyFindings, find
from bnbench.statistics import Contrast
from tests.unit.findings.conftest import Load, MakeRuns

RECIPES = {
    "plain": "experiment: plain\nmodel: {name: LeNet5}\n",
    "batch_norm": """\
experiment: batch_norm
model: {name: LeNet5_BatchNorm, batch_norm: {placement: after_activation}}
""",
    "plain_corrected": "experiment: plain_corrected\nmodel: {name: LeNet5}\n",
    "batch_norm_corrected": """\
experiment: batch_norm_corrected
model: {name: LeNet5_BatchNorm, batch_norm: {placement: before_activation}}
""",
}
PUBLISHED = "data: {split: published}\ntraining: {epochs: 1, softmax_before_loss: true}\n"
CORRECTED = "data: {split: published, resize: none}\ntraining: {epochs: 1}\n"
STUDY = """\
seeds: 2
ladder:
  treatment: batch_norm
  baseline: plain
  arms:
    plain: {published: plain.yaml, corrected: plain_corrected.yaml}
    batch_norm: {published: batch_norm.yaml, corrected: batch_norm_corrected.yaml}
  switches:
    softmax: {says: softmax before the loss, keys: [training.softmax_before_loss]}
    placement: {says: after, keys: [model.batch_norm.placement], arms: [batch_norm]}
    resize: {says: padded, keys: [data.resize]}
  metrics: [validation_accuracy@1]
changes:
  ladder: {after: lead@corrected, before: lead@published, metrics: [validation_accuracy@1]}
"""
# Seed 0; seed 1 is 0.01 better in every plain recipe, 0.03 in every one with batch norm.
LEVELS = {
    "plain": {"": 0.80, "softmax": 0.84, "softmax+resize": 0.85, "resize": 0.82},
    "batch_norm": {
        "": 0.90,
        "softmax": 0.91,
        "softmax+placement": 0.93,
        "softmax+placement+resize": 0.94,
        "placement": 0.87,
        "resize": 0.905,
        "placement+resize": 0.88,
        "softmax+resize": 0.915,
    },
}
NAMES = {
    "": "published",
    "softmax": "published+softmax",
    "softmax+placement": "published+softmax+placement",
    "softmax+placement+resize": "corrected",
    ("plain", "softmax+resize"): "corrected",  # the third switch has no effect in it
    "placement": "published+placement",
    "resize": "published+resize",
    "placement+resize": "corrected-softmax",
    "softmax+resize": "corrected-placement",
}


@pytest.fixture
def ladder(
    load: Load, make_runs: MakeRuns, results: Path, tmp_path: Path
) -> Callable[..., StudyFindings]:
    def climb(left_out: str = "") -> StudyFindings:
        for name, text in RECIPES.items():
            ending = CORRECTED if name.endswith("corrected") else PUBLISHED
            (tmp_path / f"{name}.yaml").write_text(text + ending)
        study = load(STUDY)
        for arm, levels in LEVELS.items():
            for recipe, level in levels.items():
                label = f"{arm}@{NAMES.get((arm, recipe), NAMES.get(recipe, recipe))}"
                step = 0.01 if arm == "plain" else 0.03
                if label != left_out:
                    make_runs(study, label, {0: [level], 1: [level + step]})
        return find(study, results)

    return climb


def test_rungs_from_the_published_recipe_to_the_corrected_one(
    ladder: Callable[..., StudyFindings],
) -> None:
    rungs = [one for one in ladder().contrasts if one.group == "lead"]
    assert [(rung.name, rung.treatment.values[0], rung.baseline.values[0]) for rung in rungs] == [
        ("lead@published", 0.90, 0.80),
        ("lead@published+softmax", 0.91, 0.84),
        ("lead@published+softmax+placement", 0.93, 0.84),  # no effect without batch norm
        ("lead@corrected", 0.94, 0.85),
    ]
    first = rungs[0].contrast
    assert first is not None
    assert first.differences == pytest.approx([0.10, 0.12])


def effect(found: StudyFindings, switch: str, where: str) -> list[Contrast | None]:
    """What a correction does in the treatment, in the baseline, and to the lead."""
    names = [f"corrections_of_{arm}@{where}:{switch}" for arm in ("batch_norm", "plain")]
    names.append(f"{where}@{switch}")
    findings = [found.finding(name, "validation_accuracy@1") for name in names]
    return [finding.contrast if finding else None for finding in findings]


@pytest.mark.parametrize(
    ("switch", "where", "treatment", "baseline", "difference"),
    [
        ("softmax", "switch", 0.01, 0.04, -0.03),
        ("softmax", "alone", 0.01, 0.04, -0.03),
        ("softmax", "last", 0.94 - 0.88, 0.85 - 0.82, 0.03),
        ("placement", "switch", 0.02, None, 0.02),
        ("placement", "alone", -0.03, None, -0.03),
        ("placement", "last", 0.94 - 0.915, None, 0.025),
        ("resize", "switch", 0.01, 0.01, 0.0),
        ("resize", "alone", 0.005, 0.02, -0.015),
        ("resize", "last", 0.01, 0.01, 0.0),
    ],
)
def test_what_correcting_one_switch_does(
    ladder: Callable[..., StudyFindings],
    switch: str,
    where: str,
    treatment: float,
    baseline: float | None,
    difference: float,
) -> None:
    expected = (treatment, baseline, difference)
    for contrast, mean in zip(effect(ladder(), switch, where), expected, strict=True):
        if mean is None:
            assert contrast is None
        else:
            assert contrast is not None
            assert contrast.differences == pytest.approx([mean, mean])
            assert contrast.sd == 0  # the seeds' own differences cancel


def test_a_recipe_that_has_not_been_run_leaves_gaps_where_it_is_needed(
    ladder: Callable[..., StudyFindings],
) -> None:
    found = ladder(left_out="batch_norm@corrected")
    last = found.by_name["lead@corrected", "validation_accuracy@1"]
    assert last.contrast is None
    assert last.treatment.values == {}
    assert last.baseline.values[0] == 0.85
    treatment, baseline, difference = effect(found, "resize", "switch")
    assert (treatment, difference) == (None, None)
    assert baseline is not None
    assert effect(found, "softmax", "switch")[2] is not None


def test_a_study_without_a_ladder(load: Load, results: Path) -> None:
    found = find(load("experiments: {plain: {config: plain.yaml}}"), results)
    assert (found.contrasts, found.changes) == ((), ())


def test_the_lead_changes_over_the_ladder_and_rung_by_rung(
    ladder: Callable[..., StudyFindings],
) -> None:
    # The lead is 0.10, 0.07, 0.09 and 0.09 at seed 0 and 0.02 more at seed 1, on every rung.
    changes = {one.name: one for one in ladder().changes if one.group in ("ladder", "switch")}
    expected = {"ladder": -0.01, "switch@softmax": -0.03, "switch@placement": 0.02,
                "switch@resize": 0.0}  # fmt: skip
    assert list(changes) == list(expected)
    for name, change in expected.items():
        found = changes[name]
        assert found.contrast is not None
        assert found.contrast.mean_difference == pytest.approx(change, abs=1e-12)
        assert (found.n, found.group) == (2, name.partition("@")[0])
    assert changes["ladder"].adjusted_by == ""
    assert changes["switch@softmax"].adjusted_by == "Benjamini-Hochberg"
    assert changes["switch@softmax"].treatment.label == "lead@published+softmax"


def test_a_change_of_a_rung_that_was_not_run_is_unknown(
    ladder: Callable[..., StudyFindings],
) -> None:
    changes = {one.name: one.contrast for one in ladder("plain@published+softmax").changes}
    assert changes["switch@softmax"] is None
    assert changes["ladder"] is not None
