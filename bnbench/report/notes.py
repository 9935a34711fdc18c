"""What a reader must be told beside the numbers: one line each, never a silent omission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bnbench.findings.arms import Arm
from bnbench.findings.finished_run import FinishedRun


def diverged_notes(arms: Iterable[Arm]) -> list[str]:
    """Name the diverged runs and how far they got."""
    return [
        f"{arm.name}, seed {run.seed}: diverged {_when(run)}; it counts as far as it got"
        for arm in arms
        for run in arm.runs
        if run.diverged
    ]


def pairing_notes(arms: Sequence[Arm]) -> list[str]:
    """Say which seeds and epochs of the other experiments have no partner in the first."""
    baseline, *treatments = arms
    return [note for arm in treatments for note in _pairing(baseline, arm)]


def data_notes(arms: Sequence[Arm]) -> list[str]:
    """Say what served as validation, and which published curve is of other data."""
    notes = [
        f"{arm.name}: the published curve is of other data and is left out"
        for arm in arms
        if arm.experiment.published and not arm.published
    ]
    if arms[0].runs[0].manifest.dataset["validation_is_test_file"]:
        notes.append("validation is the data set's test file (data.split: published)")
    return notes


def origin_notes(arms: Sequence[Arm]) -> list[str]:
    """Say where runs that are compared were not made by the same versions and machine."""
    runs = [run.manifest for arm in arms for run in arm.runs]
    versions = _differing([run.versions for run in runs])
    machines = _differing([run.machine for run in runs])
    return [f"the runs are of different versions of {name}: {them}" for name, them in versions] + [
        f"the runs are of different machines, {name}: {them}" for name, them in machines
    ]


def _differing(origins: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    """Name what the origins do not agree in, with all that stands there."""
    names = sorted({name for origin in origins for name in origin})
    found = [(name, sorted({str(one.get(name, "unknown")) for one in origins})) for name in names]
    return [(name, ", ".join(values)) for name, values in found if len(values) > 1]


def _when(run: FinishedRun) -> str:
    last = len(run.epochs)
    return f"after epoch {last}" if last else "in its first epoch"


def _pairing(baseline: Arm, treatment: Arm) -> list[str]:
    notes, pair = [], f"{treatment.name} − {baseline.name}"
    if alone := sorted(treatment.seeds ^ baseline.seeds):
        listed = ", ".join(map(str, alone))
        notes.append(f"{pair}: only one of them has seed {listed}, which is left out of the pairs")
    if treatment.epochs != baseline.epochs:
        both = min(treatment.epochs, baseline.epochs)
        notes.append(f"{pair}: paired over the {both} epochs that both have")
    return notes
