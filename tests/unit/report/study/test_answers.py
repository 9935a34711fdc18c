"""The table of answers: a word, a number with its interval, and n; the recipes side by side."""

from __future__ import annotations

import dataclasses

from bnbench.config.study_schema import BriefQuestion
from bnbench.findings.names import study_title
from bnbench.findings.results import StudyFindings
from bnbench.report.answers import answers_table
from bnbench.report.markdown import anchor

FIRST = "validation_accuracy@1"


def asking(found: StudyFindings, **row: str) -> StudyFindings:
    question = {"question": "Is it | faster?", "metric": FIRST, "yes": "higher"}
    brief = (BriefQuestion.model_validate(question | row),)
    return dataclasses.replace(found, study=dataclasses.replace(found.study, brief=brief))


def test_a_row_has_the_number_of_its_contrast(headline: StudyFindings) -> None:
    contrast = headline.contrasts[0].contrast
    assert contrast is not None
    found = dataclasses.replace(
        headline,
        contrasts=tuple(dataclasses.replace(one, p_adjusted=0.04) for one in headline.contrasts),
    )
    row = answers_table([asking(found, corrected="corrected")]).splitlines()[2]
    low, high = (100 * end for end in (contrast.t_interval.low, contrast.t_interval.high))
    number = f"+{100 * contrast.mean_difference:.2f} pp \\[+{low:.2f}, +{high:.2f}\\]"
    question = r"Is it \| faster? | validation accuracy after epoch 1"
    assert row == f"| {question} | **yes** {number}, n = 6 |"


def test_of_several_studies_a_question_leads_to_its_part_of_the_report(
    headline: StudyFindings, sweep: StudyFindings
) -> None:
    asked = [asking(found, corrected="corrected") for found in (headline, sweep)]
    rows = answers_table(asked).splitlines()[2:4]
    for found, row in zip(asked, rows, strict=True):
        assert row.startswith(
            rf"| [Is it \| faster?](report.md#{anchor(study_title(found.study))})"
        )


def test_a_contrast_without_runs_is_said_to_have_none(headline: StudyFindings) -> None:
    empty = dataclasses.replace(headline, contrasts=())
    header, _, row, *_ = answers_table([asking(empty, corrected="corrected")]).splitlines()
    assert header == "| question | measured | answer |"  # nothing is asked as published
    assert row.endswith("epoch 1 | not run |")


def test_a_small_variant_is_marked(sweep: StudyFindings) -> None:
    row = answers_table([asking(sweep, published="nothing")]).splitlines()[2]
    assert row == "| Is it \\| faster?\\* | validation accuracy after epoch 1 | not run | – |"
