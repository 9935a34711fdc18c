"""Three sentences from the numbers alone."""

from __future__ import annotations

import dataclasses

from bnbench.findings.results import LadderFindings, StudyFindings
from bnbench.report.study_answer import answer, switch_sentences
from bnbench.report.verdicts import VerdictRow


def _verdict(verdict: str, study: str = "first") -> VerdictRow:
    return VerdictRow("A0.1", "first", "It helps.", "level", verdict, "+1 pp", "+3 pp", study)


def test_levels_speed_and_verdicts(headline: StudyFindings) -> None:
    verdicts = [_verdict("SUPPORTED"), _verdict("REFUTED"), _verdict("OPEN", "another")]
    written = answer(dataclasses.replace(headline, published=()), verdicts)
    first, second, third = written.split(". ")
    contrast = headline.contrasts[0].contrast
    assert contrast
    assert first.startswith("“batch norm” against “plain” (n = 6): ")
    assert f"{100 * contrast.mean_difference:+.2f} pp [" in first
    assert "in validation accuracy after epoch 1 and" in first
    assert "nats" in first
    speed = headline.contrasts[2].speed_up
    assert speed
    assert second.startswith(f"Corrected: 97 % after {speed.treatment_median:.2f} epochs against")
    assert f"{speed.ratio:.2f} [" in second
    assert third == "2 tests of claims rest on these runs: 1 supported, 1 refuted."


def test_published_points_stand_in_the_answer(headline: StudyFindings) -> None:
    inside = sum(point.inside for point in headline.published)
    written = answer(headline, [])
    assert f"{inside} of 20 published accuracies lie where one further run would" in written
    assert "“plain” has 95.2 % after epoch 1 where the article's figure reads 90.0 %" in written


def test_what_is_not_told_apart_is_said(headline: StudyFindings) -> None:
    first = headline.contrasts[0]
    assert first.contrast is not None
    around = dataclasses.replace(
        first.contrast, t_interval=dataclasses.replace(first.contrast.t_interval, low=-1.0)
    )
    undecided = (dataclasses.replace(first, contrast=around),)
    written = answer(dataclasses.replace(headline, contrasts=undecided), [])
    assert "in validation accuracy after epoch 1 (not told apart from zero)" in written


def test_without_times_the_intervals_are_counted(headline: StudyFindings) -> None:
    levels = tuple(one for one in headline.contrasts if one.contrast)
    written = answer(dataclasses.replace(headline, contrasts=levels), [])
    assert "Of 2 differences in level the 95 % interval lies above zero in 1, below in 1" in written
    assert "0 are shown to be smaller" in written


def test_a_sweep_counts_its_points_and_names_the_best(sweep: StudyFindings) -> None:
    first, second = answer(sweep, []).removesuffix(".").split(". ", 1)
    assert first == (
        "“batch norm” against “plain”, validation accuracy after the last epoch:"
        " higher at 6, lower at 0 and undecided at 0 of 6 values"
    )
    assert second.startswith("Each side at its best value: “batch norm (0.001,0.5)” against")


def test_a_ladder_names_its_ends_and_its_largest_switch(ladder: StudyFindings) -> None:
    written = answer(ladder, [])
    assert written.startswith("Batch norm leads by +")
    assert "as published and by +" in written
    assert "On the ladder the lead changes most in validation accuracy after epoch 1" in written
    sentences = switch_sentences(ladder)
    assert len(sentences) == 2 * 3
    assert sentences[0].startswith(
        "Correcting “softmax before the loss” changes batch norm's lead in validation accuracy"
        " after epoch 1 by +"
    )
    assert sentences[0].endswith("with all others corrected.")


def test_nothing_to_compare_is_said(headline: StudyFindings, ladder: StudyFindings) -> None:
    headline = dataclasses.replace(headline, published=())
    nothing = dataclasses.replace(headline, contrasts=())
    assert answer(nothing, []) == "Its runs allow no comparison yet."
    unpaired = [
        dataclasses.replace(one, contrast=None, speed_up=None) for one in headline.contrasts
    ]
    assert answer(dataclasses.replace(headline, contrasts=tuple(unpaired)), []) == answer(
        nothing, []
    )
    empty = dataclasses.replace(ladder, ladder=LadderFindings((), ()))
    assert answer(empty, []) == "Its runs allow no comparison yet."
