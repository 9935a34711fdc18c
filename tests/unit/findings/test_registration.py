"""What a study asked is written down once, and decides how its runs are judged."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import find
from bnbench.findings.registration import Tests, read_registration, register, registration_line
from bnbench.runs import Manifest, find_runs
from bnbench.statistics import any_time_interval, any_time_sign_flip_p, sign_test_p
from tests.unit.findings.conftest import Load, MakeRuns

STUDY = """\
seeds: 8
experiments:
  plain: {config: plain.yaml}
  batch_norm: {config: batch_norm.yaml}
contrasts:
  lead:
    treatment: batch_norm
    baseline: plain
    metrics: [validation_accuracy@last, epochs_to_accuracy@0.94]
"""
PLAIN = [0.92, 0.925, 0.93, 0.915, 0.92, 0.93, 0.91, 0.92]
BATCH_NORM = [0.95, 0.96, 0.945, 0.95, 0.955, 0.96, 0.95, 0.945]


@pytest.fixture
def study(load: Load, make_runs: MakeRuns) -> Study:
    study = load(STUDY)
    for label, accuracies in (("plain", PLAIN), ("batch_norm", BATCH_NORM)):
        make_runs(study, label, {seed: [0.5, each] for seed, each in enumerate(accuracies)})
    return study


def test_at_any_time_a_study_is_judged_by_what_holds_then(study: Study, results: Path) -> None:
    (fixed, _), register_again = find(study, results).contrasts, register(study, results, {})
    assert not register_again.any_time
    assert find(study, results).contrasts[0] == fixed  # registered, and judged as before
    register(study, results, {}, any_time=True)
    register(study, results, {})  # it has been looked at: that cannot be taken back
    level, time = find(study, results).contrasts
    assert level.contrast is not None
    assert time.speed_up is not None
    differences = [high - low for high, low in zip(BATCH_NORM, PLAIN, strict=True)]
    expected = any_time_interval(differences)
    assert level.contrast.t_interval.low == pytest.approx(expected.low)
    assert level.contrast.t_interval.high == pytest.approx(expected.high)
    assert level.p == pytest.approx(any_time_sign_flip_p(differences))
    assert time.p == time.speed_up.sign_test_p == sign_test_p(8, 0, any_time=True)
    assert level.equivalence is not None
    assert level.equivalence.interval.method == "any-time t"
    assert line(study, results, {}).endswith("already")
    said = line(find(study, results).study, results, {})
    assert said.endswith("of the any-time kind, which holds at every number of seeds")


def test_at_any_time_a_change_is_judged_so_too(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    again = (
        "  again: {treatment: batch_norm, baseline: plain, metrics: [validation_accuracy@last]}\n"
    )
    change = "  same: {after: lead, before: again, metrics: [validation_accuracy@last]}\n"
    study = load(f"{STUDY}{again}changes:\n{change}")
    for label in ("plain", "batch_norm"):
        make_runs(study, label, dict(enumerate([[0.5, 0.9]] * 3)))
    register(study, results, {}, any_time=True)
    found = find(study, results)
    (found_change,) = found.changes
    assert all(one.any_time for one in found.all)
    assert found_change.contrast is not None
    assert found_change.contrast.t_interval.method == "any-time t"


@pytest.mark.parametrize(
    ("metrics", "declared", "written"),
    [
        ("validation_accuracy@last, epochs_to_accuracy@0.94", None, 0.001),
        ("train_trend", None, None),
        ("train_trend, test_accuracy", None, {"train_trend": None, "test_accuracy": 0.001}),
        ("train_trend, test_accuracy", 0.05, 0.05),
    ],
)
def test_the_smallest_effect_is_written_down_as_it_decides(
    load: Load, results: Path, metrics: str, declared: float | None, written: object
) -> None:
    text = STUDY.replace("validation_accuracy@last, epochs_to_accuracy@0.94", metrics)
    if declared:
        text += f"    smallest_effect: {declared}\n"
    asks = register(load(text), results, {}).asks
    assert asks["contrasts"]["lead"]["smallest_effect"] == written


def line(study: Study, results: Path, tests: Tests, *manifests: Manifest) -> str:
    return registration_line(study, read_registration(study, results), manifests, tests)


def test_the_line_says_when_and_what_has_changed(study: Study, results: Path, load: Load) -> None:
    tests = {"A1, speed": {"rule": "higher"}, "A2, level": {"rule": "lower"}}
    assert line(study, results, tests).startswith("its questions were not written down")
    register(study, results, tests)
    assert line(study, results, tests).endswith("when 16 of its runs were there already")
    other = load(STUDY.replace("metrics: [", "smallest_effect: 0.01\n    metrics: ["))
    assert line(other, results, tests).endswith("; since then: 1 comparison changed")
    register(other, results, tests)  # the first stays
    changed = tests | {"A2, level": {"rule": "higher"}}
    assert line(other, results, changed).endswith("1 comparison changed, 1 claim test changed")
    more = {"A1, speed": tests["A1, speed"]} | {f"A{number}": {} for number in (3, 4)}
    assert line(other, results, more).endswith("2 claim tests added, 1 claim test dropped")


def test_seeds_that_were_added_after_an_answer_was_seen_are_said(
    study: Study, results: Path, load: Load
) -> None:
    """More of them, and not where their number was never fixed; fewer are runs to come."""
    register(study, results, {})
    assert line(load(STUDY.replace("seeds: 8", "seeds: 6")), results, {}).endswith("already")
    more = load(STUDY.replace("seeds: 8", "seeds: 12"))
    said = "; since then: 8 seeds became 12, perhaps because of what 8 had shown"
    assert line(more, results, {}).endswith(said)
    register(more, results, {}, any_time=True)
    assert "became" not in line(find(more, results).study, results, {})


def test_runs_that_began_under_other_questions_are_counted(study: Study, results: Path) -> None:
    """The hash is that of the file's own `asks`, made by hand from its JSON."""
    register(study, results, {})
    (path,) = (results / "studies").iterdir()
    asks = json.loads(path.read_text(encoding="utf-8"))["asks"]
    text = json.dumps(asks, sort_keys=True, separators=(",", ":")).encode()
    (run, *_) = find_runs([results / study.arms["plain"].experiment.experiment])
    old = run.read_manifest()
    same = old.changed(registered={study.name: hashlib.sha256(text).hexdigest()})
    other = old.changed(registered={study.name: 64 * "0"})
    assert "other questions" not in line(study, results, {}, old, same)
    assert line(study, results, {}, old, same, other).endswith(
        "; 1 of its 3 runs began under other questions"
    )


def test_before_the_first_run(load: Load, results: Path) -> None:
    register(load(STUDY), results, {})
    assert line(load(STUDY), results, {}).endswith("before its first run")


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"study": 1})])
def test_a_spoilt_file_is_one_line(load: Load, results: Path, content: str) -> None:
    study = load(STUDY)
    register(study, results, {})
    (path,) = (results / "studies").iterdir()
    path.write_text(content)
    with pytest.raises(BnbenchError, match="is not a registration") as caught:
        read_registration(study, results)
    assert "\n" not in str(caught.value)
