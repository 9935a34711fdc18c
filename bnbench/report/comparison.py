"""What a comparison of experiments finds: read from their run directories, and not drawn yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.findings.arms import read_arms
from bnbench.findings.comparison import as_study
from bnbench.findings.contrasts import compare_planned
from bnbench.findings.results import Finding
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.report.notes import data_notes, failed_notes, origin_notes, pairing_notes
from bnbench.runs import Run
from bnbench.words import counted


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    runs : StudyRuns
        The experiments as the arms of a study; the first is the baseline.
    findings : tuple of Finding
        Every other experiment against the baseline, metric by metric.
    notes : tuple of str
        What a reader must know besides: runs left out, diverged, without a partner, ...
    """

    runs: StudyRuns
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def arms(self) -> list[ArmRuns]:
        """The experiments in the order in which they were given."""
        return list(self.runs.arms.values())


def compare(experiments: Sequence[Path]) -> Comparison:
    """Compare finished runs.

    Parameters
    ----------
    experiments : sequence of Path
        Folders of experiments or of single runs. The first experiment is the baseline; one alone
        is compared with nothing.
    """
    arms, left_out = read_arms(experiments)
    runs = as_study(arms)
    findings = tuple(compare_planned(runs, runs.study.contrasts))
    notes = [*left_out, *failed_notes(arms), *pairing_notes(findings), *data_notes(arms)]
    notes += [*origin_notes(arms), *_loss_notes(arms)]
    return Comparison(runs, findings, tuple(notes))


def called(comparison: Comparison, titles: Sequence[str] = ()) -> dict[str, str]:
    """Map the experiments to their titles, given in their order; by default to their names."""
    labels = [arm.label for arm in comparison.arms]
    if titles and len(titles) != len(labels):
        raise BnbenchError(
            f"--labels: names {counted(len(titles), 'experiment')}, and there are"
            f" {len(labels)}: {', '.join(labels)}; give --labels once for each"
        )
    if len(set(titles)) < len(titles):
        raise BnbenchError("--labels: two experiments have one name; give each its own")
    return dict(zip(labels, titles or labels, strict=True))


def without_losses(arms: Sequence[ArmRuns]) -> list[Run]:
    """The runs that have not kept their losses: they are drawn where every run has."""
    return [run.run for arm in arms for run in arm.runs.values() if run.losses is None]


def _loss_notes(arms: Sequence[ArmRuns]) -> list[str]:
    return [
        f"no loss figure: {run.place() / run.losses.name} is not there"
        for run in without_losses(arms)[:1]
    ]
