"""What a study asked is written down once, and decides how its runs are judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import find
from bnbench.findings.registration import read_registration, register, registration_line
from bnbench.runs import Run
from bnbench.statistics import any_time_interval, any_time_sign_flip_p, any_time_sign_p

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
def study(load: Callable[..., Study], make_runs: Callable[..., list[Run]]) -> Study:
    study = load(STUDY)
    for label, accuracies in (("plain", PLAIN), ("batch_norm", BATCH_NORM)):
        make_runs(study, label, {seed: [0.5, each] for seed, each in enumerate(accuracies)})
    return study


def test_at_any_time_a_study_is_judged_by_what_holds_then(study: Study, results: Path) -> None:
    (fixed, _), register_again = find(study, results).contrasts, register(study, results)
    assert not register_again.any_time
    assert find(study, results).contrasts[0] == fixed  # registered, and judged as before
    register(study, results, any_time=True)
    register(study, results)  # it has been looked at: that cannot be taken back
    level, time = find(study, results).contrasts
    assert level.contrast is not None
    assert time.speed_up is not None
    differences = [high - low for high, low in zip(BATCH_NORM, PLAIN, strict=True)]
    expected = any_time_interval(differences)
    assert level.contrast.t_interval.low == pytest.approx(expected.low)
    assert level.contrast.t_interval.high == pytest.approx(expected.high)
    assert level.p == pytest.approx(any_time_sign_flip_p(differences))
    assert time.p == time.speed_up.sign_test_p == any_time_sign_p(8, 0)
    assert level.equivalence is not None
    assert level.equivalence.interval.method == "any-time t"


def test_the_line_says_when_and_what_has_changed(
    study: Study, results: Path, load: Callable[..., Study]
) -> None:
    assert registration_line(study, results).startswith("not registered")
    register(study, results)
    line = registration_line(study, results)
    assert "when 16 of its runs were there already" in line
    assert "changed" not in line
    other = load(STUDY.replace("metrics: [", "smallest_effect: 0.01\n    metrics: ["))
    assert registration_line(other, results).endswith("; changed since: contrasts")
    register(other, results)  # the first stays
    assert registration_line(other, results).endswith("; changed since: contrasts")


def test_before_the_first_run(load: Callable[..., Study], results: Path) -> None:
    register(load(STUDY), results)
    assert registration_line(load(STUDY), results).endswith("before its first run")


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"study": 1})])
def test_a_spoilt_file_is_one_line(load: Callable[..., Study], results: Path, content: str) -> None:
    study = load(STUDY)
    register(study, results)
    (path,) = (results / "studies").iterdir()
    path.write_text(content)
    with pytest.raises(BnbenchError, match="is not a registration") as caught:
        read_registration(study, results)
    assert "\n" not in str(caught.value)
