"""``bnbench reproduce``: plan, run what is missing, compare, judge, write the report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.completion import study_names
from bnbench.cli.options import HEADLINE, RunOptions, Small, StudySeeds, WithRuns, with_run_options
from bnbench.cli.terminal import say, show, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bnbench.cli.running import Running
    from bnbench.config import Study
    from bnbench.execution import Plan
    from bnbench.findings import StudyFindings
    from bnbench.report.answers import BriefAnswer
    from bnbench.report.study_results import Judged


REFERENCE = Path("results/reference")
NEXT = "bnbench reproduce learning_rate --small"


@with_run_options
def reproduce(
    how: RunOptions,
    studies: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Studies by name or file; by default headline.", autocompletion=study_names
        ),
    ] = None,
    seeds: StudySeeds = None,
    small: Small = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for the report, its figures and tables; by default report/<study> below"
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
        int, typer.Option("--at-most", min=2, help="Seeds, with --until-decided.")
    ] = 60,
) -> None:
    """Run what studies still lack, compare, judge the articles' claims, and write a report.

    Example: bnbench reproduce learning_rate --small
    """
    from bnbench.cli.running import Running, run_plan
    from bnbench.cli.studies import known_studies, load_studies
    from bnbench.findings.registration import register
    from bnbench.report.study_results import judge_studies, own_claims

    paths = studies or [HEADLINE]
    running = Running.of(how)
    known = known_studies(paths)
    own_claims(known)  # a wrong one is said before hours of runs

    def load(count: int | None, files: Sequence[Path] = paths) -> list[Study]:
        return load_studies(files, small=small, seeds=count, device=how.device, stack=how.stack)

    def run(todo: Sequence[Study]) -> int:
        return run_plan(_plan(todo, how, running), running)

    if until_decided:
        chosen, code = _until_decided(load, run, how.results, at_most, paths, seeds)
    else:
        chosen = load(seeds)
        for study in chosen:
            register(study, how.results)
        code = run(chosen)
    if code <= 1:  # not stopped: what there is can be reported
        judged = judge_studies(chosen, known, how.results)
        _say_answers(judged)
        _say_registrations(judged, how.results)
        _say_verdicts(judged)
        folder = out or report_folder(judged, how.results)
        write_all(judged, folder, with_runs=with_runs)
        _say_agreement(judged)
        say(f"Look at {folder / 'report.html'}")
        say(f"Next: {NEXT}")
    raise typer.Exit(code)


def _until_decided(
    load: Callable[[int | None, Sequence[Path]], list[Study]],
    run: Callable[[Sequence[Study]], int],
    results: Path,
    at_most: int,
    paths: Sequence[Path],
    seeds: int | None,
) -> tuple[list[Study], int]:
    """Run one study after the other, each until it is decided."""
    from bnbench.cli.until_decided import run_until_decided
    from bnbench.errors import BnbenchError

    if seeds is not None:
        raise BnbenchError("--seeds fixes what --until-decided finds out; give one of the two")
    done, worst = [], 0
    for path in paths:
        study, code = run_until_decided(
            partial(_one, load, path), results, at_most, lambda study: run([study])
        )
        done.append(study)
        worst = max(worst, code)
        if code > 1:
            break
    return done, worst


def _one(
    load: Callable[[int | None, Sequence[Path]], list[Study]], path: Path, seeds: int
) -> Study:
    (study,) = load(seeds, [path])
    return study


def _plan(studies: Iterable[Study], how: RunOptions, running: Running) -> Plan:
    """Plan what the studies still lack; a run that would replace another is refused."""
    from bnbench.execution import merge_plans, plan_runs

    plan = merge_plans(
        plan_runs(
            study.experiments,
            study.seeds,
            how.results,
            data_dir=how.data_dir,
            fresh=how.fresh,
            device_of=running.device_of,
        )
        for study in studies
    )
    plan.refuse_others()
    return plan


def report_folder(judged: Judged, results: Path) -> Path:
    """Name a folder after the studies, so that a report of one never replaces another's."""
    names = "-".join(found.study.name for found in judged.findings)
    return results / "report" / (names if len(names) < 60 else "studies")


def write_all(judged: Judged, out: Path, *, with_runs: bool, lean: bool = False) -> None:
    """Write tables, answers and report into a folder, with the runs they rest on if asked to.

    See `bnbench.report.study_report.write_report` on `lean`.
    """
    from bnbench.report.archive import archive
    from bnbench.report.study_results import (
        answering_experiments,
        write_answers,
        write_mechanisms,
        write_study_report,
        write_study_tables,
    )

    tables = write_study_tables(judged, out)
    write_answers(judged, out / "answers.md")
    write_mechanisms(judged, out)
    write_study_report(judged, out / "report.html", with_markdown=True, lean=lean)
    if with_runs:
        folders = {run.run.path for one in judged.runs for run in one.runs}
        studies = [one.study for one in judged.findings]
        archive(sorted(folders), out, with_answers=answering_experiments(studies))
    for path in (out / "report.html", out / "report.md", *tables):
        say(path)


def _say_answers(judged: Judged) -> None:
    """Answer the studies' short questions, and say once where seeds are too few to decide any."""
    from bnbench.claims.rules.deciding import fewest_seeds
    from bnbench.report.answers import answer_rows

    rows = [
        (row.question, *_cells(row.published), *_cells(row.corrected))
        for row in answer_rows(judged.findings)
    ]
    if rows:
        show(table(("question", "as published", "", "corrected", ""), rows))
    seeds = max(len(found.study.seeds) for found in judged.findings)
    needed = max(fewest_seeds(adjusted_together(found)) for found in judged.findings)
    if seeds < needed:
        many = f"{seeds} seeds" if seeds > 1 else "One seed"
        say(f"{many} cannot decide a question, whatever they show: give --seeds {needed} or more.")


def adjusted_together(found: StudyFindings) -> int:
    """Count the tests that a study's short questions are adjusted for, themselves included."""
    from bnbench.claims import questions
    from bnbench.findings.multiplicity import HOLM

    names = (test.names for test in questions(found.study))
    asked = (found.finding(one.get("contrast", ""), one.get("metric", "")) for one in names)
    if not any(one is not None and one.adjusted_by == HOLM for one in asked):
        return 1
    best = [one for chosen in found.best for one in chosen.findings]
    return sum(one.adjusted_by == HOLM for one in (*found.contrasts, *best))


def _say_registrations(judged: Judged, results: Path) -> None:
    """Say whether each study's questions were written down before its numbers were seen."""
    from bnbench.findings.registration import registration_line

    for study in (found.study for found in judged.findings):
        say(f"{study.name}: {registration_line(study, results)}")
        if study.any_time:
            say(f"{study.name}: its intervals hold at every number of seeds (any-time t, 95 %)")


def _say_agreement(judged: Judged) -> None:
    """Say whether the runs lie where the reference's seeds predict, where it has such runs."""
    from bnbench.errors import BnbenchError
    from bnbench.findings import reference_agreement

    runs = {run.run.path: run.run for one in judged.runs for run in one.runs}
    try:
        found = reference_agreement.judge(list(runs.values()), REFERENCE)
    except BnbenchError:  # no reference here, or none of these experiments
        return
    if found.judged:
        agree = "agree" if found.consistent else "do not agree"
        say(
            f"Your runs {agree} with the reference: {found.outside} of {len(found.judged)} values"
            " lie outside what its seeds predict."
        )


def _cells(answer: BriefAnswer) -> tuple[str, str]:
    return answer.word or "–", answer.number


def _say_verdicts(judged: Judged) -> None:
    """Count the verdicts of the claims that these studies decide."""
    from bnbench.claims import Verdict

    names = {one.study.name for one in judged.findings}
    verdicts = [one.verdict for one in judged.judgements if one.study in names]
    counts = ", ".join(f"{verdicts.count(one)} {one.value}" for one in Verdict if one in verdicts)
    say(f"verdicts: {counts or 'none'}")
