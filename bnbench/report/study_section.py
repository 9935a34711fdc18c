"""A study's part of the report: each contrast with its figures and tables, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from bnbench.config import Metric, Study
from bnbench.config.label import Label
from bnbench.config.study_schema import Point
from bnbench.findings import numbers
from bnbench.findings.results import (
    BestFinding,
    Finding,
    LadderFindings,
    StudyFindings,
    TestAnswers,
)
from bnbench.report.chosen_figures import with_chosen_figures
from bnbench.report.document import Block, Lines, Listing, Paragraph, Picture, Section
from bnbench.report.names import arm_title, pair_title, point_of, setting_value, spoken
from bnbench.report.study_figures import (
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

FOLDED = 12
"""So many lines of runs that are missing or failed are shown; more are folded."""


def study_section(found: StudyFindings, curves: pd.DataFrame) -> Section:
    """Lay out all that a study's runs say.

    Parameters
    ----------
    found : StudyFindings
    curves : DataFrame
        As `bnbench.report.curves.accuracy_table` returns it, of the study's experiments; arms
        without rows are not drawn.
    """
    study = found.study
    blocks: list[Block] = [Paragraph(study.question)]
    if study.gives_up:
        blocks.append(Paragraph(f"This is the small variant. It gives up: {study.gives_up}."))
    single = [one for one in found.contrasts if not point_of(one)]
    best = [one for chosen in found.best for one in chosen.findings]
    blocks += _known(draw_paired(study, [*single, *best]))
    sections = [
        *_contrasts(study, single, curves),
        *_sweeps(study, found.contrasts),
        *[_best(study, one) for one in found.best],
        *_published(found),
        *_ladder(found),
        *[_answers(one) for one in found.answers],
        _missing(found),
    ]
    whole = Section(f"Study: {spoken(study.name)}", tuple(blocks), tuple(sections))
    return with_chosen_figures(whole, study.figures)


def _contrasts(
    study: Study, findings: Iterable[Finding], curves: pd.DataFrame
) -> Iterator[Section]:
    drawn = set()
    for group in _groups(findings):
        first = group[0]
        pair = (first.treatment.label, first.baseline.label)
        blocks: list[Block] = []
        if pair not in drawn and not any(Label.parse(label).point for label in pair):
            blocks += _known(draw_curves(study, curves, first))
        drawn.add(pair)
        blocks += [*contrast_tables(study, group), *_notes(group)]
        yield Section(f"{spoken(first.group)}: {pair_title(study, first)}", tuple(blocks))


def _sweeps(study: Study, findings: Iterable[Finding]) -> Iterator[Section]:
    for group in _groups(one for one in findings if point_of(one)):
        blocks = [
            *_known(draw_sweep(study, group)), *contrast_tables(study, group), *_notes(group),
        ]  # fmt: skip
        yield Section(f"{spoken(group[0].group)}: {pair_title(study, group[0])}", tuple(blocks))


def _best(study: Study, best: BestFinding) -> Section:
    seeds = ", ".join(map(str, best.tuning_seeds))
    chosen = " and ".join(arm_title(study, label) for label in (best.treatment, best.baseline))
    usable = [
        f"usable values of the {side}, within 1 pp of the seed's best, and at how many of"
        f" {len(by_seed)} seeds: {_counted(by_seed.values())}"
        for side, by_seed in best.usable.items()
    ]
    return Section(
        f"{spoken(best.name)}: each side at its best value",
        (
            Paragraph(f"Seeds {seeds} chose {chosen}; the seeds after them score."),
            Lines(tuple(usable)),
            *(contrast_tables(study, best.findings) if best.findings else ()),
            *_notes(best.findings),
        ),
    )


def _counted(points_of_seeds: Iterable[tuple[Point, ...]]) -> str:
    """Count at how many seeds each point is usable, such as ``0.01 (5), 0.1 (2)``."""
    counts = Counter(point for points in points_of_seeds for point in points)
    points = sorted(counts, key=lambda point: (isinstance(point, str), point))
    return ", ".join(f"{setting_value(point)} ({counts[point]})" for point in points) or "none"


def _published(found: StudyFindings) -> Iterator[Section]:
    if points := found.published:
        counts = Paragraph(
            "Published accuracies and the interval in which one re-run falls 95 times in 100,"
            f" widened by the error of reading a figure: {inside_of(points)}."
        )
        yield Section(
            "The published accuracies",
            (counts, draw_published(found.study, points), published_table(found.study, points)),
        )


def _ladder(found: StudyFindings) -> Iterator[Section]:
    if (ladder := found.ladder) is None or not ladder.rungs:
        return
    rungs = dict.fromkeys(rung.metric for rung in ladder.rungs)
    effects = dict.fromkeys(effect.metric for effect in ladder.effects)
    yield Section(
        "The ladder",
        (
            draw_ladder(found.study, ladder),
            *[rung_table(found.study, ladder, metric) for metric in rungs],
        ),
    )
    yield Section(
        "What each switch does",
        (
            *_known(draw_effects(found.study, ladder)),
            Lines(tuple(switch_sentences(found.study, ladder))),
            *[effect_table(ladder.effects, metric) for metric in effects],
        ),
    )


def switch_sentences(study: Study, found: LadderFindings) -> Iterator[str]:
    """Say in words what correcting each switch of a ladder does to the treatment's lead."""
    if (ladder := study.ladder) is None:
        return
    by_switch: dict[tuple[Metric, str], list[str]] = {}
    for one in found.effects:
        if (lead := one.difference) is not None:
            unit = one.metric.quantity.unit
            change = numbers.estimate(lead.mean_difference, lead.t_interval, unit)
            by_switch.setdefault((one.metric, one.switch), []).append(
                f"{change} {WHERE[one.where]}"
            )
    treatment = ladder.paths[ladder.treatment].title
    for (metric, switch), changes in by_switch.items():
        lead_of = f"{treatment}'s lead in {metric.title}"
        yield f"Correcting “{ladder.switches[switch]}” changes {lead_of} by {'; '.join(changes)}."


def _answers(answers: TestAnswers) -> Section:
    two, unit = answers.two_level, "pp"
    gain = numbers.difference(two.accuracy_difference, unit)
    text = (
        f"Over {two.n_seeds} seeds and {two.n_images:,} images the treatment answers {gain} more of"
        f" them rightly: {numbers.interval(two.seeds_only_interval, unit)} where seeds alone are"
        " drawn anew, which is a claim about this very test file, and"
        f" {numbers.interval(two.interval, unit)} where seeds and images are, which is a claim"
        " about new digits. McNemar's test below is of two single networks on these images."
    )
    return Section(
        f"{spoken(answers.contrast)}: answer by answer", (Paragraph(text), answers_table(answers))
    )


def _missing(found: StudyFindings) -> Section:
    blocks: list[Block] = []
    for title, lines in (("Not run or not finished", found.missing), ("Failed", found.diverged)):
        counted = f"{title}: {len(lines)} runs"
        if len(lines) > FOLDED:
            blocks.append(Listing(counted, "\n".join(lines)))
        elif lines:
            blocks += [Paragraph(f"{counted}."), Lines(lines)]
    none = Paragraph("Every run of the study is there, and none diverged.")
    return Section("Not run, failed or diverged", tuple(blocks) or (none,))


def _groups(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.group, []).append(finding)
    return list(groups.values())


def _notes(findings: Iterable[Finding]) -> list[Block]:
    notes = finding_notes(findings)
    return [Lines(tuple(notes))] if notes else []


def _known(picture: Picture | None) -> list[Block]:
    return [] if picture is None else [picture]
