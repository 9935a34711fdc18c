"""p values adjusted for how many a study looks at."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from bnbench.config import Study
from bnbench.findings.results import Finding
from bnbench.statistics import benjamini_hochberg, holm

HOLM = "Holm"
BENJAMINI_HOCHBERG = "Benjamini-Hochberg"


Name = tuple[str, str]
"""Of a contrast, and of a metric."""


def main_questions(study: Study) -> set[Name]:
    """Name the findings that answer a study's short questions."""
    return {
        (contrast, row.metric)
        for row in study.brief
        for contrast in (row.published, row.corrected)
        if contrast
    }


def adjust(findings: Sequence[Finding], main: Collection[Name] = ()) -> list[Finding]:
    """Adjust the p values of a study, in the order of its findings.

    Holm over the `main` questions, and over all other confirmatory levels and times. Benjamini and
    Hochberg over the points of a sweep, metric by metric, also where one of them is a main
    question. Everything else keeps its p, and so does what is alone, unless it is confirmatory. A
    family is as large as it was planned: a p that there is not counts as 1 in it, and stays NaN.
    """
    families: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, finding in enumerate(findings):
        families[_family(finding, main)].append(place)
    adjusted = list(findings)
    for family, places in families.items():
        method = HOLM if family[0] == HOLM else BENJAMINI_HOCHBERG
        planned = method == HOLM and findings[places[0]].confirmatory
        if len(places) == 1 and not planned:
            continue
        p = [1.0 if math.isnan(findings[place].p) else findings[place].p for place in places]
        values = (holm if method == HOLM else benjamini_hochberg)(p)
        for place, value in zip(places, values.tolist(), strict=True):
            known = math.nan if math.isnan(findings[place].p) else value
            adjusted[place] = replace(
                findings[place], p_adjusted=known, adjusted_by=method, family=" ".join(family)
            )
    return adjusted


def _family(finding: Finding, main: Collection[Name]) -> tuple[str, ...]:
    is_main = (finding.name, finding.metric.text) in main
    of_holm = finding.confirmatory or (is_main and not finding.point)
    if of_holm and finding.metric.quantity.kind != "share":
        return (HOLM, "main" if is_main else "other")
    return (finding.group, finding.metric.text)
