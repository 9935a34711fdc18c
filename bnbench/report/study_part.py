"""A study's part of the report: its answer, its figures, and each pair of arms in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bnbench.config import Study
from bnbench.config.study_schema import Point
from bnbench.findings import numbers
from bnbench.findings.names import (
    against,
    arm_title,
    change_title,
    compared_titles,
    grouped,
    pair_title,
    setting_value,
    study_title,
    sweep_title,
)
from bnbench.findings.results import (
    BestFinding,
    Finding,
    RunNote,
    StudyFindings,
    TestPredictions,
)
from bnbench.report.figures import Picture, published
from bnbench.report.study_answer import Answer, answer
from bnbench.report.study_tables import (
    contrast_tables,
    finding_notes,
    predictions_table,
    published_table,
)
from bnbench.report.table import Table
from bnbench.words import counted

NAMED = 3
"""Arms that failed at every seed; of more, it is said how many there are."""


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
    reduced : str
        What a reduced run keeps; empty for the study in full.
    pictures : tuple of Picture
        Those at the head.
    failed : str
        Which arms failed at every seed; empty if none did.
    missing, failed_runs : tuple of str
        A line a run.
    registered : str
        When its questions were written down, and what has changed since.
    """

    title: str
    question: str
    answer: Answer
    reduced: str
    failed: str
    pictures: tuple[Picture, ...]
    groups: tuple[Group, ...]
    missing: tuple[RunNote, ...]
    failed_runs: tuple[RunNote, ...]
    registered: str = ""

    @property
    def all_pictures(self) -> list[Picture]:
        """Every figure, in the order in which they stand."""
        return [*self.pictures, *(picture for group in self.groups for picture in group.pictures)]


def study_part(
    found: StudyFindings,
    pictures: Sequence[Picture],
    predictions: Iterable[TestPredictions] = (),
    registered: str = "",
) -> StudyPart:
    """Lay out all that a study's runs say, each figure beside the numbers that it shows."""
    study = found.study
    single = [finding for finding in found.contrasts if not finding.point]
    swept = [finding for finding in found.contrasts if finding.point]
    groups = [
        # of the same two arms, whatever the study calls their contrasts
        *_groups(study, single, pair_title, lambda finding: finding.labels),
        *_groups(study, swept, sweep_title, lambda finding: finding.group),
        *(_best(study, best) for best in found.best),
        *_groups(study, found.changes, change_title, lambda change: change.group),
        *_published(found),
        *(_predictions(study, compared) for compared in predictions),
    ]
    chosen = study.figures is not None
    head = [picture for picture in pictures if chosen or not picture.beside]
    beside = [picture for picture in pictures if picture not in head]
    return StudyPart(
        title=study_title(study),
        question=study.question.strip(),
        answer=answer(found),
        reduced=study.keeps,
        failed=_failed(found),
        pictures=tuple(head),
        groups=tuple(
            replace(group, pictures=tuple(each for each in beside if each.beside == group.title))
            for group in groups
        ),
        missing=_titled(study, found.missing),
        failed_runs=_titled(study, found.failed),
        registered=registered,
    )


def _titled(study: Study, notes: Iterable[RunNote]) -> tuple[RunNote, ...]:
    """Call the runs of an arm by its title, as all else in the report does."""
    titles = {
        arm.experiment.experiment: f"“{arm_title(study, label)}”"
        for label, arm in reversed(study.arms.items())
    }
    return tuple(
        note._replace(experiment=titles.get(note.experiment, note.experiment)) for note in notes
    )


def _failed(found: StudyFindings) -> str:
    """Name the arms of which no run came to anything."""
    sides = [side for finding in found.contrasts for side in (finding.treatment, finding.baseline)]
    failed = {side.label for side in sides if side.values and len(side.failed) == side.n}
    titles = [f"“{arm_title(found.study, label)}”" for label in found.study.arms if label in failed]
    more = [f"{len(titles) - NAMED} more arms"] if len(titles) > NAMED + 1 else []
    listed = ", ".join([*titles[:NAMED], *more] if more else titles)
    return f"Failed at every seed: {listed}." * bool(titles)


def _groups(
    study: Study,
    findings: Iterable[Finding],
    title: Callable[[Study, Finding], str],
    key: Callable[[Finding], Hashable],
) -> Iterator[Group]:
    """Put findings together under titles, each kind in the order in which it comes first."""
    for group in grouped(findings, key):
        yield _group(study, title(study, group[0]), group)


def _group(
    study: Study, title: str, findings: Sequence[Finding], texts: tuple[str, ...] = ()
) -> Group:
    """Lay out findings in numbers, with the notes on them."""
    tables, notes = contrast_tables(study, findings), finding_notes(study, findings)
    return Group(title, texts, tables=tuple(tables), notes=tuple(notes))


def _best(study: Study, best: BestFinding) -> Group:
    sides = {"treatment": best.treatment, "baseline": best.baseline}
    chosen = " and ".join(f"“{arm_title(study, label)}”" for label in sides.values())
    titles = {side: study.arms[label].title for side, label in sides.items()}
    usable = [
        f"“{titles[side]}” ends within 1 pp of the best of both at a seed, of {len(by_seed)} seeds,"
        f" at: {_counted(by_seed.values())}."
        for side, by_seed in best.usable.items()
    ]
    title = f"{against(titles.values())}, each at its best for {best.findings[0].metric.title}"
    n = len(best.tuning_seeds)
    first = f"The first {n} seeds chose {chosen}. The other seeds compare them."
    return _group(study, title, best.findings, (first, *usable))


def _counted(points_of_seeds: Iterable[tuple[Point, ...]]) -> str:
    """Count at how many seeds each point is usable, such as ``0.01 (5 seeds), 0.1 (2 seeds)``."""
    counts = Counter(point for points in points_of_seeds for point in points)
    points = sorted(counts, key=lambda point: (isinstance(point, str), point))
    written = (f"{setting_value(point)} ({counted(counts[point], 'seed')})" for point in points)
    return ", ".join(written) or "no value"


def _published(found: StudyFindings) -> Iterator[Group]:
    if points := found.published:
        text = (
            "The article's accuracies and our 95 % prediction intervals:"
            f" {published.inside_of(points)}. An interval says where one further run would fall."
            " It is widened by the error of reading the article's figure."
        )
        yield Group(
            published.GROUP,
            texts=(text,),
            tables=(published_table(found.study, points),),
        )


def _predictions(study: Study, compared: TestPredictions) -> Group:
    titles = compared_titles(study, compared.contrast)
    two = compared.two_level
    gain = numbers.size(two.accuracy_difference, "pp")
    more = "more" if two.accuracy_difference > 0 else "fewer"
    does = f"“{titles[0]}” classifies {gain} {more}"
    if not two.accuracy_difference:
        does = f"{' and '.join(f'“{title}”' for title in titles)} classify equally many"
    text = (
        f"Over {counted(two.n_seeds, 'seed')}, {does} of the {two.n_images:,} test images"
        " correctly."
    )
    if two.n_seeds > 1:
        text += (
            f" 95 % bootstrap intervals: {numbers.interval(two.seeds_only_interval, 'pp')} pp for"
            f" this test file (over the seeds), {numbers.interval(two.interval, 'pp')} pp for new"
            " images (over seeds and images)."
        )
    return Group(
        f"{against(titles)}, image by image",
        texts=(text,),
        tables=(predictions_table(compared),),
    )
