"""``bnbench reproduce``: plan, run what is missing, compare, judge, write the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.options import (
    HEADLINE,
    RunOptions,
    Small,
    Studies,
    StudySeeds,
    WithRuns,
    with_run_options,
)
from bnbench.cli.terminal import say, say_json, saying
from bnbench.errors import BnbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnbench.config import Study
    from bnbench.report.judged import Judged


NEXT = "bnbench reproduce learning_rate --small"
MOST_LOOKED_AT = 60
"""Seeds to which --until-decided goes, unless it is told otherwise."""


@with_run_options
def reproduce(
    how: RunOptions,
    studies: Studies = None,
    seeds: StudySeeds = None,
    small: Small = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for the report, its figures and tables; by default report/STUDY below"
            " the results.",
            show_default=False,
        ),
    ] = None,
    with_runs: WithRuns = False,
    until_decided: Annotated[
        bool,
        typer.Option("--until-decided", help="Add seeds until each question has an answer."),
    ] = False,
    at_most: Annotated[
        int | None,
        typer.Option(
            "--at-most",
            min=2,
            help=f"With --until-decided: the largest number of seeds; by default {MOST_LOOKED_AT}.",
        ),
    ] = None,
) -> None:
    """Train what studies still lack, judge the articles' claims, and write a report.

    Without a study, it runs headline, the first article's question.

    Example: bnbench reproduce learning_rate --small
    """
    from bnbench.cli.head_start import head_start
    from bnbench.cli.registering import register_all
    from bnbench.cli.report import report_folder
    from bnbench.cli.studies import known_studies, load_studies
    from bnbench.cli.until_decided import run_until_decided
    from bnbench.report.figures import check_figures
    from bnbench.report.judged import judge_studies, own_claims

    if at_most is not None and not until_decided:
        raise BnbenchError("--at-most is for --until-decided; add it, or give --seeds")
    paths = studies or [HEADLINE]
    known = known_studies(paths, how.results)
    own = own_claims(known)  # a wrong one is said before hours of runs
    for study in known:
        check_figures(study)

    def load(files: Sequence[Path], count: int | None) -> list[Study]:
        return load_studies(files, small=small, seeds=count, device=how.device, stack=how.stack)

    def run(todo: Sequence[Study]) -> int:
        for study in todo:
            head_start(how, study.experiments, study.seeds)
        from bnbench.cli.running import Running, run_plan  # it takes PyTorch

        running = Running.of(how)
        registered = register_all(todo, own, how.results, any_time=until_decided)
        plan = running.plan(((study.experiments, study.seeds) for study in todo), archived=True)
        return run_plan(plan.registered(registered), running)

    if until_decided:
        if seeds is not None:
            raise BnbenchError("--seeds fixes what --until-decided finds out; give one of the two")
        most = at_most or MOST_LOOKED_AT
        chosen, code = run_until_decided(paths, load, run, how.results, most)
    else:
        chosen = load(paths, seeds)
        code = run(chosen)
    if code <= 1:  # not stopped: what there is can be reported
        with saying("comparing the runs"):
            judged = judge_studies(chosen, known, how.results)
        _report(judged, how, out or report_folder(judged, how.results), with_runs=with_runs)
    raise typer.Exit(code)


def _report(judged: Judged, how: RunOptions, folder: Path, *, with_runs: bool) -> None:
    """Say what came out, write the report, and say where it is and what to do next."""
    from bnbench.cli import reproduce_summary as summary
    from bnbench.cli.report import keep_runs, write_all
    from bnbench.report.study_results import report_page

    if not how.as_json:
        summary.say_answers(judged)
        summary.say_registrations(judged)
        summary.say_verdicts(judged)
    with saying("writing the report"):
        paths = write_all(judged, report_page(judged), folder)
        if with_runs:
            keep_runs(judged, folder)
    if how.as_json:
        files = [str(path) for path in paths]
        say_json({**summary.as_data(judged), "files": files})
        return
    say(f"Written into {folder}: {', '.join(path.name for path in paths)}")
    summary.say_agreement(judged)
    say(f"Look at {folder / 'report.html'}")
    if judged.findings[0].study.name == HEADLINE.name:
        say(f"Next, a study of learning rates: {NEXT}")
