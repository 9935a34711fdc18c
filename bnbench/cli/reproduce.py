"""``bnbench reproduce``: plan, run what is missing, compare, judge, write the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.claims import Verdict
from bnbench.cli.studies import known_studies, load_studies
from bnbench.cli.train import Running, run_plan
from bnbench.execution import merge_plans, plan_runs
from bnbench.report.archive import archive
from bnbench.report.study_results import (
    Judged,
    judge_studies,
    write_study_report,
    write_study_tables,
)


def reproduce_studies(
    paths: Sequence[Path],
    seeds: int | None,
    small: bool,
    results: Path,
    out: Path,
    with_runs: bool,
    data_dir: Path | None,
    device: str | None,
    fresh: bool,
    running: Running,
) -> int:
    """Do what studies still lack, then write what their runs say; see ``reproduce --help``.

    Returns
    -------
    int
        Exit code: 0; 1 if a run failed, after the report on the others has been written; 130 or
        143 if a signal stopped the command.
    """
    studies = load_studies(paths, small=small, seeds=seeds, device=device)
    known = known_studies(paths)
    plan = merge_plans(
        plan_runs(study.experiments, study.seeds, results, data_dir=data_dir, fresh=fresh)
        for study in studies
    )
    plan.refuse_others()
    code = run_plan(plan, running)
    if code > 1:
        return code
    judged = judge_studies(studies, known, results)
    written = write_study_tables(judged, out)
    written += write_study_report(judged, out / "report.html", with_markdown=True)
    if with_runs:
        archive([run.run.path for one in judged.runs for run in one.runs], out)
    _print_verdicts(judged)
    for path in (out / "report.html", out / "report.md", out / "verdicts.csv"):
        Console().print(str(path), highlight=False, markup=False, soft_wrap=True)
    return code


def _print_verdicts(judged: Judged) -> None:
    """Count the verdicts of the claims that these studies decide."""
    names = {one.study.name for one in judged.findings}
    verdicts = [one.verdict for one in judged.judgements if one.study in names]
    counts = ", ".join(f"{verdicts.count(one)} {one.value}" for one in Verdict if one in verdicts)
    Console().print(f"{len(verdicts)} verdicts: {counts or 'none'}", highlight=False)
