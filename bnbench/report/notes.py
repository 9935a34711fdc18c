"""What a reader must be told beside the numbers: one line each, never a silent omission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bnbench.findings.names import grouped
from bnbench.findings.results import Finding, RunNote
from bnbench.findings.study_runs import ArmRuns
from bnbench.words import listed_seeds, spoken

AS_NOTHING_LEARNED = (
    "a run that diverged counts from then on as a network that has learned nothing, and reaches no"
    " threshold"
)


def by_seed(notes: Iterable[RunNote]) -> list[str]:
    """Write in one line what is to be said of several seeds of an experiment.

    Examples
    --------
    >>> by_seed([RunNote("a", 6, "missing"), RunNote("a", 7, "missing"), RunNote("b", 6, "lost")])
    ['a, seeds 6, 7: missing', 'b, seed 6: lost']
    """
    groups = grouped(notes, lambda note: (note.experiment, note.said))
    return [
        f"{same[0].experiment}, {listed_seeds([note.seed for note in same])}: {same[0].said}"
        for same in groups
    ]


def failed_notes(arms: Iterable[ArmRuns]) -> list[str]:
    """Say how far failed runs got, a line for those that got as far, and how they count."""
    failed = [(arm.label, run) for arm in arms for run in arm.runs.values() if run.failed]
    lines = by_seed(RunNote(label, run.seed, run.how_it_failed) for label, run in failed)
    return [*lines, *([AS_NOTHING_LEARNED] * any(run.diverged for _, run in failed))]


def pairing_notes(findings: Iterable[Finding]) -> list[str]:
    """List what the contrasts have to say besides their numbers, each line once."""
    return list(dict.fromkeys(str(note) for finding in findings for note in finding.notes))


def data_notes(arms: Sequence[ArmRuns]) -> list[str]:
    """Say what served as validation, and which published curve is of other data."""
    notes = [
        f"{arm.label}: the published curve is of other data, and is not shown"
        for arm in arms
        if arm.experiment.published and not arm.published
    ]
    if arms[0].first.manifest.dataset.validation_is_test_file:
        notes.append("validation is the data set's test file (data.split: published)")
    return notes


def origin_notes(arms: Sequence[ArmRuns]) -> list[str]:
    """Say where runs that are compared were not made by the same versions, and the same way."""
    runs = [run.manifest for arm in arms for run in arm.runs.values()]
    versions = _differing([run.versions for run in runs])
    machines = _differing([run.machine.model_dump(exclude_unset=True) for run in runs])
    made = "the runs were made with different versions of"
    return [f"{made} {name}: {them}" for name, them in versions] + [
        _machines(name, them) for name, them in machines
    ]


def _machines(name: str, them: str) -> str:
    """Say that machines differ; what tells kinds of processors apart tells a reader nothing."""
    if name == "processor_kind":
        return "the runs were made on several kinds of processors, so last digits may differ"
    if name == "kernels":
        return f"the runs were computed by different kernels ({them}), so last digits may differ"
    return f"the runs differ in {spoken(name)}: {them}"


def _differing(origins: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    """Name what the origins do not agree in, with all that stands there."""
    names = sorted({name for origin in origins for name in origin})
    found = [
        (name, sorted({_in_words(origin.get(name, "unknown")) for origin in origins}))
        for name in names
    ]
    return [(name, ", ".join(values)) for name, values in found if len(values) > 1]


def _in_words(value: object) -> str:
    """Write a list, such as what tells a kind of processor, without its marks."""
    return f"({'; '.join(map(str, value))})" if isinstance(value, list | tuple) else str(value)
