"""An answer leads with a word, and its sentences come from the numbers alone."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from bnbench.claims.rules.deciding import OTHER_WAY
from bnbench.config import parse_metric
from bnbench.config.study_schema import QuestionPart
from bnbench.findings.results import Finding, StudyFindings
from bnbench.report import study_answer

FIRST, LAST = "validation_accuracy@1", "validation_accuracy@last"
TITLE, LAST_TITLE, LOSS_TITLE = (
    parse_metric(metric).title for metric in (FIRST, LAST, "validation_loss@last")
)


def answer(found: StudyFindings) -> str:
    written = study_answer.answer(found)
    return " ".join([written.word, *written.sentences])


def asking(found: StudyFindings, *asks: dict[str, Any]) -> StudyFindings:
    parts = tuple(QuestionPart.model_validate({"says": "corrected", **ask}) for ask in asks)
    return dataclasses.replace(found, study=dataclasses.replace(found.study, answered_by=parts))


def changed(found: StudyFindings, **fields: Any) -> StudyFindings:
    """Change every finding of the planned contrasts."""
    contrasts = tuple(dataclasses.replace(one, **fields) for one in found.contrasts)
    return dataclasses.replace(found, contrasts=contrasts)


def with_seeds(finding: Finding, n: int) -> Finding:
    """Let both sides have n seeds; what decides is the number of them, and the intervals."""
    sides = {
        side: dataclasses.replace(getattr(finding, side), values=dict.fromkeys(range(n), 0.5))
        for side in ("treatment", "baseline")
    }
    return dataclasses.replace(finding, **sides)


def shifted(finding: Finding, shift: float) -> Finding:
    """Move a finding's differences, its interval and its equivalence interval by so much."""
    contrast, equivalence = finding.contrast, finding.equivalence
    assert contrast is not None
    assert equivalence is not None

    def move(ends: Any) -> Any:
        return dataclasses.replace(ends, low=ends.low + shift, high=ends.high + shift)

    return dataclasses.replace(
        finding,
        contrast=dataclasses.replace(
            contrast,
            mean_difference=contrast.mean_difference + shift,
            t_interval=move(contrast.t_interval),
        ),
        equivalence=dataclasses.replace(equivalence, interval=move(equivalence.interval)),
    )


PAIR = "“batch norm” against “plain”"
ONE = {"contrasts": ["corrected"], "metrics": [FIRST], "yes": "higher"}


@pytest.fixture
def decided(headline: StudyFindings) -> StudyFindings:
    return changed(headline, p_adjusted=0.04)


def test_one_part_leads_with_its_word(decided: StudyFindings) -> None:
    written = answer(asking(decided, ONE))
    contrast = decided.contrasts[0].contrast
    assert contrast is not None
    low, high = (100 * end for end in (contrast.t_interval.low, contrast.t_interval.high))
    number = f"+{100 * contrast.mean_difference:.2f} pp [+{low:.2f}, +{high:.2f}]"
    assert written == f"Yes. Corrected: {TITLE}, {PAIR}: {number}, n = 6."


def test_the_opposite_is_no_and_says_how(decided: StudyFindings) -> None:
    written = answer(asking(decided, {**ONE, "yes": "lower"}))
    assert written.startswith("No. Corrected: ")
    assert written.endswith(f"] ({OTHER_WAY}), n = 6.")


def test_an_effect_below_what_matters_is_no(headline: StudyFindings) -> None:
    first = headline.contrasts[0]
    assert first.contrast is not None
    none = shifted(first, -first.contrast.mean_difference)
    assert none.equivalence is not None
    within = dataclasses.replace(none.equivalence, margin=0.01)
    margin = dataclasses.replace(none, smallest_effect=0.01, equivalence=within)
    written = answer(asking(dataclasses.replace(headline, contrasts=(margin,)), ONE))
    assert written.startswith("No. Corrected: ")
    assert written.endswith("(equivalent within 1.00 pp), n = 6.")


def test_few_seeds_never_decide(headline: StudyFindings) -> None:
    first = headline.contrasts[0]
    five = (with_seeds(first, 5),)
    written = answer(asking(dataclasses.replace(headline, contrasts=five), ONE))
    assert written.startswith("Not decided. Corrected: ")
    assert written.endswith("(too few seeds), n = 5.")


def test_a_sweeps_yes_needs_the_adjusted_p(sweep: StudyFindings) -> None:
    ask = {"contrasts": ["sgd"], "metrics": [LAST], "yes": "higher"}
    six = tuple(with_seeds(one, 6) for one in sweep.contrasts)
    found = dataclasses.replace(sweep, contrasts=six)
    for p, word in ((0.04, "Yes"), (0.06, "Not decided")):
        held = changed(found, adjusted_by="Benjamini-Hochberg", p_adjusted=p)
        assert answer(asking(held, ask)).startswith(f"{word}. Corrected: ")


def test_parts_that_disagree_are_answered_in_part(decided: StudyFindings) -> None:
    written = answer(asking(decided, ONE, {**ONE, "says": "so", "yes": "lower"}))
    lead = f"{TITLE.capitalize()}, {PAIR}: +"
    assert written.startswith(f"In part. Corrected: yes. {lead}")
    assert f", n = 6. So: no. {lead}" in written


def test_the_name_of_a_layer_stays_as_it_is_where_a_sentence_begins(decided: StudyFindings) -> None:
    metric = parse_metric("fc3.activation_drift@all")
    first = dataclasses.replace(decided.contrasts[0], metric=metric)
    ask = {**ONE, "metrics": [metric.text]}
    written = answer(
        asking(dataclasses.replace(decided, contrasts=(first,)), ask, {**ask, "says": "so"})
    )
    assert f"Corrected: yes. {metric.title}, {PAIR}: +" in written
    assert metric.title.startswith("fc3: drift")


def test_one_metric_at_two_epochs_is_named_once(decided: StudyFindings) -> None:
    first, *_ = decided.contrasts
    last = dataclasses.replace(first, metric=parse_metric(LAST))
    found = dataclasses.replace(decided, contrasts=(first, last))
    written = answer(asking(found, {**ONE, "metrics": [FIRST, LAST]}))
    assert written.startswith(f"Yes. Corrected: validation accuracy, {PAIR}: +")
    assert re.search(r"\] after epoch 1; \S+ pp \[.*\] after the last epoch, n = 6\.$", written)


def test_two_metrics_of_a_part_are_judged_together(decided: StudyFindings) -> None:
    metrics = [FIRST, "validation_loss@last"]
    written = answer(asking(decided, {**ONE, "metrics": metrics}))
    assert written.startswith(f"In part. Corrected: {PAIR}: {TITLE}: +")
    assert f"] (yes); {LOSS_TITLE}: −" in written
    assert written.endswith(f"(no, {OTHER_WAY}), n = 6.")


def test_words_that_the_part_says_are_not_repeated(headline: StudyFindings) -> None:
    ask = {**ONE, "says": "in validation accuracy after epoch 1"}
    assert answer(asking(headline, ask)).count("validation accuracy") == 1


def test_times_are_medians_and_a_ratio(headline: StudyFindings) -> None:
    ask = {**ONE, "metrics": ["epochs_to_accuracy@0.97"], "yes": "sooner"}
    speed = headline.contrasts[2].speed_up
    assert speed is not None
    found = changed(headline, adjusted_by="")
    medians = f"{speed.treatment_median:.2f} and {speed.baseline_median:.2f} epochs"
    assert f"times as fast (medians {medians}), n = " in answer(asking(found, ask))
    assert f"{speed.ratio:.2f} [" in answer(asking(found, ask))


def test_a_sweep_counts_its_points_and_names_the_largest(sweep: StudyFindings) -> None:
    ask = {"contrasts": ["sgd"], "metrics": [LAST], "yes": "higher"}
    sizes = {
        one.name: one.contrast.mean_difference
        for one in sweep.contrasts
        if one.contrast is not None
    }
    largest = max(sizes, key=lambda name: sizes[name])
    rate, dropout = largest.partition("@")[2].split(",")
    assert answer(asking(sweep, ask)).startswith(
        f"Not decided. Corrected: {LAST_TITLE}, {PAIR}: not decided in all 6"
        f" settings; the largest, learning rate {rate}, dropout {dropout}:"
        f" +{100 * sizes[largest]:.2f} pp ["
    )


def test_best_against_best(sweep: StudyFindings) -> None:
    ask = {"contrasts": ["best_sgd"], "metrics": [LAST], "yes": "higher"}
    written = answer(asking(sweep, ask))
    assert written.startswith(f"Not decided. Corrected: {LAST_TITLE}, {PAIR}: +")
    written = answer(asking(sweep, {"contrasts": ["best_sgd"], "yes": "larger"}))
    assert written == (
        f"Not decided. Corrected: {PAIR}: largest usable setting higher at 2 of 2 seeds, lower"
        " at 0, n = 2."
    )


def test_a_ladder_names_the_switch(headline: StudyFindings, ladder: StudyFindings) -> None:
    first = headline.contrasts[0]
    less = shifted(dataclasses.replace(first, adjusted_by=""), -0.03)
    none = shifted(less, 0.02)
    changes = (
        dataclasses.replace(less, name="last@softmax"),
        dataclasses.replace(less, name="switch@softmax"),
        dataclasses.replace(less, name="switch@placement"),
        dataclasses.replace(none, name="switch@mode"),
    )
    found = dataclasses.replace(ladder, changes=changes)
    together = {"contrasts": ["last@softmax"], "metrics": [FIRST], "yes": "lower"}
    assert answer(asking(found, together)).startswith("Yes. Corrected: validation accuracy after")
    each = {"contrasts": ["switch"], "metrics": [FIRST], "yes": "lower"}
    written = answer(asking(found, each))
    assert written.startswith(f"In part. Corrected: {TITLE}: “softmax before the loss”: −")
    assert "; “evaluation mode”: −" in written


def test_published_points_are_counted(headline: StudyFindings) -> None:
    ask = {"says": "the levels", "yes": "reproduced"}
    written = answer(asking(headline, ask))
    text = "18 of the article's 20 accuracies fall inside our 95 % prediction interval, n = "
    (point,) = [
        one
        for one in headline.published
        if (one.split, one.epoch, one.inside) == ("validation", 1, False)
    ]
    first = (
        f". After epoch 1: {100 * point.summary.mean:.1f} % here and"
        f" {100 * point.published:.1f} % in the article for “plain”."
    )
    assert written == f"Not decided. The levels: {text}3{first}"
    many = tuple(
        dataclasses.replace(one, summary=dataclasses.replace(one.summary, n=6))
        for one in headline.published
    )
    found = dataclasses.replace(headline, published=many)
    assert answer(asking(found, ask)) == f"In part. The levels: {text}6{first}"


def test_what_was_not_run_is_never_yes(decided: StudyFindings) -> None:
    first = decided.contrasts[0]
    missing = dataclasses.replace(decided.contrasts[1], contrast=None)
    found = dataclasses.replace(decided, contrasts=(first, missing))
    ask = {**ONE, "metrics": [FIRST, "validation_loss@last"]}
    written = answer(asking(found, ask))
    assert written.startswith("Open. Corrected: ")
    assert f"; {LOSS_TITLE} not run, n = 6" in written


def test_a_study_that_asks_nothing_is_asked_whether_it_differs(decided: StudyFindings) -> None:
    """No word says that a question which it has not been told how to answer is answered."""
    written = answer(decided)
    assert written.startswith(f"Different. Corrected: {TITLE}, {PAIR}: +")
    assert not {"yes", "no"} & set(re.findall(r"\w+", written.lower()))


def test_nothing_to_compare_is_said(headline: StudyFindings, ladder: StudyFindings) -> None:
    nothing = "Open. Its runs allow no comparison yet."
    assert answer(dataclasses.replace(headline, contrasts=())) == nothing
    unpaired = changed(headline, contrast=None, speed_up=None)
    assert answer(unpaired) == nothing
    assert answer(dataclasses.replace(ladder, contrasts=(), changes=())) == nothing
