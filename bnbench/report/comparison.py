"""What a comparison of experiments finds: read from their run directories, and not drawn yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bnbench.errors import BnbenchError
from bnbench.findings import contrasts_table, levels_table, values_table
from bnbench.findings.arms import read_arms
from bnbench.findings.columns import Column, frame
from bnbench.findings.comparison import as_study, count_failed, metrics_of, seconds_per_epoch
from bnbench.findings.contrasts import compare_planned
from bnbench.findings.levels import level_of
from bnbench.findings.results import Finding
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.report.notes import data_notes, failed_notes, origin_notes, pairing_notes
from bnbench.runs import Run
from bnbench.words import counted

if TYPE_CHECKING:
    import pandas as pd


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


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Lay out the experiments, and all numbers as a study's, by the names of their files."""
    runs, arms = comparison.runs, comparison.arms
    metrics = metrics_of(arms[0])
    tables = {
        "experiments": frame(EXPERIMENTS, arms),
        "levels": levels_table([level_of(arm, of) for arm in arms for of in metrics]),
        "contrasts": contrasts_table(comparison.findings),
        "values": values_table(runs, dict.fromkeys(runs.arms, metrics)),
    }
    return {name: table for name, table in tables.items() if not table.empty}


EXPERIMENTS = (
    Column("experiment", "label"),
    Column("runs", "runs", lambda runs, _: len(runs)),
    Column("failed", "", lambda arm, _: count_failed(arm)),
    Column("epochs", "experiment.training.epochs"),
    Column("seconds_per_epoch", "", lambda arm, _: seconds_per_epoch(arm)),
)


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
