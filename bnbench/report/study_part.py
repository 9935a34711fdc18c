"""A study's part of the report: its answer, its figures, and each pair of arms in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bnbench.config import Ladder, Metric, Study
from bnbench.config.label import Label
from bnbench.config.study_schema import Point
from bnbench.findings import numbers
from bnbench.findings.results import (
    BestFinding,
    Finding,
    StudyFindings,
    TestAnswers,
)
from bnbench.report.names import (
    arm_title,
    pair_title,
    point_of,
    setting_title,
    setting_value,
    study_title,
)
from bnbench.report.study_answer import Answer, answer
from bnbench.report.study_figures import (
    Picture,
    draw_curves,
    draw_effects,
    draw_ladder,
    draw_paired,
    draw_published,
    draw_sweep,
    inside_of,
)
from bnbench.report.study_tables import (
    WHERE,
    answers_table,
    contrast_tables,
    effect_table,
    finding_notes,
    published_table,
    rung_table,
)
from bnbench.report.table import Table


@dataclass(frozen=True)
class Group:
    """What belongs together under one title: sentences, figures, tables, and notes on them."""

    title: str
    texts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyPart:
    """What the report shows of a study.

    Attributes
    ----------
    title, question : str
    answer : Answer
    reduced : str
        What a reduced run keeps; empty for the study in full.
    pictures : tuple of Picture
        Those at the head.
    groups : tuple of Group
    missing, diverged : tuple of str
        A line a run.
    """

    title: str
    question: str
    answer: Answer
    reduced: str
    pictures: tuple[Picture, ...]
    groups: tuple[Group, ...]
    missing: tuple[str, ...]
    diverged: tuple[str, ...]

    @property
    def all_pictures(self) -> list[Picture]:
        """Every figure, in the order in which they stand."""
        return [*self.pictures, *(one for group in self.groups for one in group.pictures)]


def study_part(
    found: StudyFindings, curves: pd.DataFrame, looks: Sequence[Picture] = ()
) -> StudyPart:
    """Lay out all that a study's runs say.

    Parameters
    ----------
    found : StudyFindings
    curves : DataFrame
        As `bnbench.report.curves.accuracy_table` returns it, of the study's experiments; arms
        without rows are not drawn.
    looks : sequence of Picture
        Of what the study's probes saw.
    """
    study = found.study
    single = [one for one in found.contrasts if not point_of(one)]
    drawn = {one.name for one in study.ladder.changes} if study.ladder else set()
    changes = [one for one in found.changes if one.name not in drawn]
    changed = [one for one in changes if not point_of(one)]
    best = [one for chosen in found.best for one in chosen.findings]
    part = StudyPart(
        title=study_title(study),
        question=study.question.strip(),
        answer=answer(found),
        reduced=study.keeps,
        pictures=(*looks, *_known(draw_paired(study, [*single, *best, *changed]))),
        groups=(
            *_pairs(study, single, curves),
            *_sweeps(study, found.contrasts),
            *(_best(study, one) for one in found.best),
            *_changes(study, changes),
            *_published(found),
            *_ladder(found),
            *(_answers(study, one) for one in found.answers),
        ),
        missing=found.missing,
        diverged=found.diverged,
    )
    return part if study.figures is None else _with_chosen(part, study.figures)


def _with_chosen(part: StudyPart, kinds: Iterable[str]) -> StudyPart:
    """Move the chosen kinds of figures to the head, in their order, and drop the others."""
    chosen = [one for kind in kinds for one in part.all_pictures if one.kind == kind]
    groups = tuple(replace(group, pictures=()) for group in part.groups)
    return replace(part, pictures=tuple(chosen), groups=groups)


def _pairs(study: Study, findings: Iterable[Finding], curves: pd.DataFrame) -> Iterator[Group]:
    """Put together what contrasts of the same two arms found, whatever the study calls them."""
    for group in _grouped(findings, lambda one: (one.treatment.label, one.baseline.label)):
        first = group[0]
        points = any(Label.parse(one.label).point for one in (first.treatment, first.baseline))
        yield Group(
            pair_title(study, first),
            pictures=() if points else _known(draw_curves(study, curves, first)),
            tables=tuple(contrast_tables(study, group)),
            notes=tuple(finding_notes(study, group)),
        )


def _sweeps(study: Study, findings: Iterable[Finding]) -> Iterator[Group]:
    swept = [one for one in findings if point_of(one)]
    for group in _grouped(swept, lambda one: one.group):
        yield Group(
            f"{pair_title(study, group[0])}, by {setting_title(study, group[0])}",
            pictures=_known(draw_sweep(study, group)),
            tables=tuple(contrast_tables(study, group)),
            notes=tuple(finding_notes(study, group)),
        )


def _best(study: Study, best: BestFinding) -> Group:
    sides = {"treatment": best.treatment, "baseline": best.baseline}
    chosen = " and ".join(f"“{arm_title(study, label)}”" for label in sides.values())
    titles = {side: study.arms[label].title for side, label in sides.items()}
    usable = [
        f"“{titles[side]}” ends within 1 pp of its seed's best, of {len(by_seed)} seeds, at:"
        f" {_counted(by_seed.values())}."
        for side, by_seed in best.usable.items()
    ]
    metric = best.findings[0].metric.title if best.findings else "its first metric"
    return Group(
        f"“{titles['treatment']}” against “{titles['baseline']}”, each at its best for {metric}",
        texts=(
            f"The first {len(best.tuning_seeds)} seeds chose {chosen}. The other seeds score them.",
            *usable,
        ),
        tables=tuple(contrast_tables(study, best.findings)) if best.findings else (),
        notes=tuple(finding_notes(study, best.findings)),
    )


def _changes(study: Study, findings: Iterable[Finding]) -> Iterator[Group]:
    for group in _grouped(findings, lambda one: one.group):
        yield Group(
            f"How the lead changes: {pair_title(study, group[0])}",
            tables=tuple(contrast_tables(study, group)),
            notes=tuple(finding_notes(study, group)),
        )


def _counted(points_of_seeds: Iterable[tuple[Point, ...]]) -> str:
    """Count at how many seeds each point is usable, such as ``0.01 (5 seeds), 0.1 (2 seeds)``."""
    counts = Counter(point for points in points_of_seeds for point in points)
    points = sorted(counts, key=lambda point: (isinstance(point, str), point))
    written = (
        f"{setting_value(point)} ({counts[point]} seed{'s' * (counts[point] > 1)})"
        for point in points
    )
    return ", ".join(written) or "no value"


def _published(found: StudyFindings) -> Iterator[Group]:
    if points := found.published:
        text = (
            f"The article's accuracies against our 95 % prediction intervals: {inside_of(points)}."
            " An interval says where one further run would fall; it is widened by the error of"
            " reading the article's figure."
        )
        yield Group(
            "The published accuracies",
            texts=(text,),
            pictures=(draw_published(found.study, points),),
            tables=(published_table(found.study, points),),
        )


def _ladder(found: StudyFindings) -> Iterator[Group]:
    if (ladder := found.study.ladder) is None:
        return
    yield Group(
        "From the published recipe to the corrected one",
        pictures=(draw_ladder(found, ladder),),
        tables=tuple(rung_table(found, ladder, metric) for metric in ladder.metrics),
    )
    yield Group(
        "What each correction does",
        pictures=(draw_effects(found, ladder),),
        tables=tuple(effect_table(found, ladder, metric) for metric in ladder.metrics),
        notes=tuple(
            sentence
            for metric in ladder.metrics
            for switch in ladder.switches
            if (sentence := switch_sentence(found, ladder, switch, metric))
        ),
    )


def switch_sentence(found: StudyFindings, ladder: Ladder, switch: str, metric: Metric) -> str:
    """Say in words what correcting a switch does to the treatment's lead; empty without runs."""
    changes = []
    for where in ladder.steps(switch):
        if (lead := found.by_name[f"{where}@{switch}", metric.text].contrast) is not None:
            unit = metric.quantity.unit
            change = numbers.estimate(lead.mean_difference, lead.t_interval, unit)
            changes.append(f"{change} {WHERE[where]}")
    if not changes:
        return ""
    lead_of = f"{ladder.paths[ladder.treatment].title}'s lead in {metric.title}"
    return f"Correcting “{ladder.switches[switch]}” changes {lead_of} by {'; '.join(changes)}."


def _answers(study: Study, answers: TestAnswers) -> Group:
    planned = next(one for one in study.contrasts if one.name == answers.contrast)
    treatment, baseline = (
        arm_title(study, label) for label in (planned.treatment, planned.baseline)
    )
    two = answers.two_level
    gain = numbers.difference(abs(two.accuracy_difference), "pp").lstrip("+")
    more = "more" if two.accuracy_difference >= 0 else "less"
    text = (
        f"Over {two.n_seeds} seeds, “{treatment}” classifies {gain} {more} of the"
        f" {two.n_images:,} test images correctly. For this test file the 95 % interval is"
        f" {numbers.interval(two.seeds_only_interval, 'pp')} pp, for new digits"
        f" {numbers.interval(two.interval, 'pp')} pp."
    )
    return Group(
        f"“{treatment}” against “{baseline}”, image by image",
        texts=(text,),
        tables=(answers_table(answers),),
    )


def _grouped(
    findings: Iterable[Finding], key: Callable[[Finding], Hashable]
) -> Iterator[list[Finding]]:
    groups: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    yield from groups.values()


def _known(picture: Picture | None) -> tuple[Picture, ...]:
    return () if picture is None else (picture,)
