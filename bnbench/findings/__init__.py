"""From run directories to what a study's runs say. Needs no torch, and draws nothing."""

from bnbench.findings.find import find, findings_of
from bnbench.findings.results import Finding, Level, StudyFindings
from bnbench.findings.study_runs import ArmRuns, StudyRuns, read_study
from bnbench.findings.tables import contrasts_table, levels_table, values_table

__all__ = [
    "ArmRuns",
    "Finding",
    "Level",
    "StudyFindings",
    "StudyRuns",
    "contrasts_table",
    "find",
    "findings_of",
    "levels_table",
    "read_study",
    "values_table",
]
