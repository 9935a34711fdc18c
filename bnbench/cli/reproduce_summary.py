"""What the runs of studies come to: answers, verdicts, and how they agree with the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from rich.table import Table

from bnbench.claims import Judgement, Verdict, questions
from bnbench.claims.rules.deciding import enough_seeds, said_of_few
from bnbench.claims.verdict import tally, tally_text
from bnbench.cli.names import REFERENCE
from bnbench.cli.terminal import say, show, table
from bnbench.errors import BnbenchError
from bnbench.findings import StudyFindings, reference_agreement
from bnbench.findings.multiplicity import HOLM
from bnbench.findings.names import study_title
from bnbench.report.answers import WHAT_UNDECIDED_MEANS, AnswerRow, BriefAnswer, answer_rows
from bnbench.report.judged import Judged, registrations
from bnbench.report.study_answer import answer
from bnbench.words import counted, sentence


def as_data(judged: Judged) -> dict[str, object]:
    """Lay out everything that the functions below say, for programs."""
    agreement = _agreement(judged)
    counts = tally(judgement.outcome.verdict for judgement in _decided(judged))
    return {
        "answers": [asdict(row) for row in answer_rows(judged.findings)],
        "questions": {
            found.study.name: {"question": found.study.question, **asdict(answer(found))}
            for found in judged.findings
        },
        "registered": registrations(judged),
        "verdicts": {verdict.value: count for verdict, count in counts.items()},
        "reference": agreement and {"outside": agreement.outside, "values": len(agreement.checks)},
    }


def say_answers(judged: Judged) -> None:
    """Answer the studies' questions, and say once where seeds are too few to decide any."""
    if rows := answer_rows(judged.findings):
        show(_answers(rows))
        _say_how_to_read([given for row in rows for given in (row.published, row.corrected)])
    for found in judged.findings:
        if not found.study.brief:
            _say_answer(found)
    seeds = max(len(found.study.seeds) for found in judged.findings)
    if few := said_of_few(seeds, max(map(adjusted_together, judged.findings))):
        say(few)


def _answers(rows: Sequence[AnswerRow]) -> Table:
    """Lay short answers out; a recipe of which nothing is asked has no column."""
    if not any(row.published.word for row in rows):
        return table(
            ("question", "answer", ""), [(row.question, *_cells(row.corrected)) for row in rows]
        )
    cells = [(row.question, *_cells(row.published), *_cells(row.corrected)) for row in rows]
    return table(("question", "as published", "", "corrected", ""), cells)


def _say_how_to_read(answers: Sequence[BriefAnswer]) -> None:
    """Say what the numbers of short answers are, and how sure."""
    if many := sorted({given.n for given in answers if given.n}):
        seeds = f"{' or '.join(map(str, many))} seed{'s' * (many != [1])}"
        say(
            f"Each number is the change that the question is about, over {seeds}. Brackets hold"
            " 95 % intervals; pp are percentage points."
        )
    if any(given.word == Verdict.INCONCLUSIVE.answer() for given in answers):
        say(f"Not decided: {WHAT_UNDECIDED_MEANS}.")


def _say_answer(found: StudyFindings) -> None:
    """Answer a question that has no short form in the words of the report."""
    given = answer(found)
    say(f"{found.study.question} {given.word}")
    for line in (*given.sentences, *_needed(found)):
        say(f"  {line}")


def _needed(found: StudyFindings) -> list[str]:
    """Say how many seeds would decide what is not decided, where those that are could have.

    Of several comparisons, it is counted of how many that holds.
    """
    outcomes = [test.judge(found) for test in questions(found.study)]
    undecided = (outcome for outcome in outcomes if outcome.verdict is Verdict.INCONCLUSIVE)
    counts = Counter(
        text for outcome in undecided if enough_seeds(outcome.n) for text in outcome.caveats
    )
    of = f" of {len(outcomes)} comparisons"
    return [
        sentence(f"{text} ({count}{of})" if len(outcomes) > 1 else text)
        for text, count in counts.items()
    ]


def adjusted_together(found: StudyFindings) -> int:
    """Count the tests that a study's questions are adjusted for, themselves included.

    Short questions are a family of their own; see `bnbench.findings.multiplicity.adjust`.
    """
    asked = (test.finding_in(found) for test in questions(found.study))
    by_holm = sum(finding is not None and finding.adjusted_by == HOLM for finding in asked)
    if found.study.brief or not by_holm:
        return max(1, by_holm)
    return sum(finding.adjusted_by == HOLM for finding in found.all)


def say_registrations(judged: Judged) -> None:
    """Say whether each study's questions were written down before its numbers were seen."""
    titles = {found.study.name: study_title(found.study) for found in judged.findings}
    for name, line in registrations(judged).items():
        say(f"{titles[name]}: {line}")


def say_verdicts(judged: Judged) -> None:
    """Count the verdicts that these studies decide."""
    decided = _decided(judged)
    verdicts = tally_text(judgement.outcome.verdict for judgement in decided)
    claims = counted(len({judgement.claim.id for judgement in decided}), "claim")
    if decided:
        say(f"These runs judge {counted(len(decided), 'aspect')} of {claims}: {verdicts}")


def say_agreement(judged: Judged) -> None:
    """Say whether the runs lie where the reference's seeds predict, where it has such runs."""
    found = _agreement(judged)
    if found is not None:
        agree = "agree" if found.consistent else "do not agree"
        say(
            f"Your runs {agree} with the reference: {found.outside} of {len(found.checks)} values"
            " lie outside what its seeds predict."
        )


def _cells(answer: BriefAnswer) -> tuple[str, str]:
    return answer.word or "–", answer.number


def _decided(judged: Judged) -> list[Judgement]:
    """Keep the aspects of claims that these studies decide."""
    names = {found.study.name for found in judged.findings}
    return [judgement for judgement in judged.judgements if judgement.study in names]


def _agreement(judged: Judged) -> reference_agreement.ReferenceAgreement | None:
    """Judge the runs by the reference; `None` where it is not here, or has no such experiment."""
    with suppress(BnbenchError):
        return reference_agreement.agreement_with(judged.every_run, REFERENCE)
    return None
