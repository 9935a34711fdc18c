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
    answering_experiments,
    judge_studies,
    own_claims,
    write_answers,
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
    stack: int | None,
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
    studies = load_studies(paths, small=small, seeds=seeds, device=device, stack=stack)
    known = known_studies(paths)
    own_claims(known)  # a wrong one is said before hours of runs
    plan = merge_plans(
        plan_runs(
            study.experiments,
            study.seeds,
            results,
            data_dir=data_dir,
            fresh=fresh,
            device_of=running.device_of,
        )
        for study in studies
    )
    plan.refuse_others()
    code = run_plan(plan, running)
    if code <= 1:  # not stopped: what there is can be reported
        judged = judge_studies(studies, known, results)
        _print_verdicts(judged)
        write_all(judged, out, with_runs=with_runs)
    return code


def write_all(judged: Judged, out: Path, *, with_runs: bool, lean: bool = False) -> None:
    """Write tables, answers and report into a folder, with the runs they rest on if asked to.

    See `bnbench.report.study_report.write_report` on `lean`.
    """
    tables = write_study_tables(judged, out)
    write_answers(judged, out / "answers.md")
    write_study_report(judged, out / "report.html", with_markdown=True, lean=lean)
    if with_runs:
        folders = {run.run.path for one in judged.runs for run in one.runs}
        studies = [one.study for one in judged.findings]
        archive(sorted(folders), out, with_answers=answering_experiments(studies))
    for path in (out / "report.html", out / "report.md", *tables):
        Console().print(str(path), highlight=False, markup=False, soft_wrap=True)


def _print_verdicts(judged: Judged) -> None:
    """Count the verdicts of the claims that these studies decide."""
    names = {one.study.name for one in judged.findings}
    verdicts = [one.verdict for one in judged.judgements if one.study in names]
    counts = ", ".join(f"{verdicts.count(one)} {one.value}" for one in Verdict if one in verdicts)
    Console().print(f"verdicts: {counts or 'none'}", highlight=False)
