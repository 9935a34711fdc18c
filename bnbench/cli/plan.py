"""``bnbench plan``: what a study would run, what is there already, and why."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_study
from bnbench.cli.options import (
    HEADLINE,
    DataDir,
    Device,
    Json,
    Results,
    Small,
    Stack,
    StudySeeds,
)
from bnbench.cli.terminal import on_terminal, say, say_folded, show, table
from bnbench.words import counted, seed_ranges

if TYPE_CHECKING:
    from bnbench.claims import Cost
    from bnbench.config import Study
    from bnbench.execution.plan import Plan, PlannedRun


def plan(
    study: Annotated[
        Path | None,
        typer.Argument(
            help="A study by name or file; by default headline.", autocompletion=complete_study
        ),
    ] = None,
    seeds: StudySeeds = None,
    small: Small = False,
    results: Results = RESULTS,
    data_dir: DataDir = None,
    device: Device = None,
    stack: Stack = None,
    cost: Annotated[
        bool,
        typer.Option("--cost", help="Instead: what it takes to decide each undecided question."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say for each run of a study whether it is finished, would continue or would start, and why.

    With --cost, say how many seeds each undecided question takes, and how many hours they take
    here.

    Example: bnbench plan headline

    Example: bnbench plan cnn --cost --results results/reference/runs
    """
    path = study or HEADLINE
    if cost:
        _show_costs(path, results, seeds, small=small, as_json=as_json)
        return
    from bnbench.claims.rules.deciding import said_of_few
    from bnbench.config import load_study
    from bnbench.execution.plan import plan_runs
    from bnbench.runs import opened

    loaded = load_study(path, small=small, seeds=seeds, device=device, stack=stack)
    # What `reproduce` would refuse is refused: also mistakes in questions and figures.
    other = load_study(path, small=not small) if loaded.has_small else loaded
    if loaded.claims or loaded.answered_by or loaded.brief:
        _check_questions(other if small else loaded)  # claims name the full study
    if loaded.figures:
        from bnbench.report.figures import check_figures  # matplotlib is slow to import

        check_figures(loaded)
    folder = opened(results)
    planned = plan_runs(loaded.experiments, loaded.seeds, folder, data_dir=data_dir, archived=True)
    words = {} if as_json else STATES
    rows = [
        (name, seed_ranges(run.task.seed for run in runs), words.get(state, state), reason)
        for (name, state, reason), runs in _grouped(planned.planned)
    ]
    laid_out = table(("experiment", "seeds", "state", "reason"), rows)
    show(laid_out, as_json=as_json)
    if not as_json:
        say(_counts(planned))
        compared = {label for each in loaded.compared for label in each.arms}
        if alone := [label for label in loaded.arms if label not in compared]:
            say(f"In no contrast: {', '.join(alone)}")
        if loaded.compared and (few := said_of_few(len(loaded.seeds))):
            say(few)


def _check_questions(study: Study) -> None:
    """Check what a study asks and claims; of other studies only those that its claims name."""
    from bnbench.claims import check_claims, check_questions, study_claims
    from bnbench.config import load_study, named

    claims = study_claims(study)
    named_there = {test.names.get("study", "") for claim in claims for test in claim.tests}
    others = named_there & named("study").keys() - {study.name}
    known = [study, *map(load_study, sorted(others))]
    check_claims(claims, {entry.name: entry for entry in known})
    check_questions(known)


def _grouped(
    planned: Iterable[PlannedRun],
) -> list[tuple[tuple[str, str, str], list[PlannedRun]]]:
    """Put the runs of an experiment that are in one state for one reason together."""

    def key(run: PlannedRun) -> tuple[str, str, str]:
        reason = run.found.reason
        if run.found.state == "resume":
            reason += f", {counted(run.task.epochs_kept, 'epoch')} done"
        if run.found.state == "other":
            reason = f"holds a run that differs in {reason}; --fresh replaces it"
        return run.task.experiment.experiment, run.found.state, reason

    return [(name, list(runs)) for name, runs in groupby(sorted(planned, key=key), key=key)]


STATES = {"cached": "finished", "resume": "to continue", "run": "to run", "other": "in the way"}
"""State of a run -> how people are told."""


def _counts(plan: Plan) -> str:
    states = [run.found.state for run in plan.planned]
    counts = (f"{states.count(state):,} {STATES[state]}" for state in sorted(set(states)))
    runs, epochs = counted(len(states), "run"), counted(plan.epochs, "epoch")
    todo = f"{epochs} to train" if plan.epochs else "nothing to train"
    return f"{runs}: {', '.join(counts)}; {todo}"


def _show_costs(
    path: Path, results: Path, seeds: int | None, *, small: bool, as_json: bool
) -> None:
    """Print a row for each undecided question, and how the numbers are meant."""
    from bnbench.claims import costs
    from bnbench.cli.costs import show_costs
    from bnbench.errors import BnbenchError
    from bnbench.execution.cores import runs_at_once
    from bnbench.findings import read_study
    from bnbench.findings.studies_with_runs import studies_with_runs
    from bnbench.runs import opened

    folder = opened(results)
    found = studies_with_runs([path], folder, seeds, small=small)
    if not found:
        command = f"bnbench reproduce {path}" + " --small" * small
        raise BnbenchError(f"{results}: holds no run of {path}; `{command}` makes them")
    runs = read_study(found[0], folder)
    jobs = runs_at_once(experiment.training.threads for experiment in runs.study.experiments)
    undecided = costs(runs)
    rows = _cost_rows(runs.study, undecided, jobs, as_json=as_json)
    if as_json:
        show(table(COST_HEADER, rows), as_json=True)
        return
    if on_terminal():
        show_costs(rows)
    elif undecided:
        show(table(COST_HEADER, rows, right=COST_HEADER[-3:]))
    say_folded(HOW.format(study=runs.study.name, jobs=jobs) if undecided else NOTHING_OPEN)


COST_HEADER = (
    "question", "contrast", "metric", "so far", "seeds so far", "seeds in all", "hours",
)  # fmt: skip


HOW = (
    "Seeds in all: so many find the smallest effect of interest, or its absence, 9 times in 10."
    " Where there are so many already, or the adjusted p alone holds an answer back, so many are"
    " enough if the mean stays."
    " Of a question with fewer than 6 seeds it is only known that it takes 6."
    " For a speed-up, so many are enough if each arm stays ahead as often as now."
    " Hours: for the missing seeds of {study}, {jobs} runs at a time, if each takes as long as"
    " those that are there."
)
NOTHING_OPEN = "No question that has runs is undecided."


def _cost_rows(
    study: Study, undecided: Iterable[Cost], jobs: int, *, as_json: bool
) -> list[tuple[str, ...]]:
    """Make a row of `COST_HEADER` for each question; programs get the names of the file."""
    from bnbench.findings.names import tested_titles

    def cells(cost: Cost) -> tuple[str, ...]:
        names = cost.test.names
        return (
            cost.test.aspect,
            names.get("contrast", names.get("arm", "")) if as_json else tested_titles(study, names),
            names.get("metric", "") if as_json else cost.test.metric_title,
            cost.outcome.estimate,
            str(cost.outcome.n),
            cost.seeds_text,
            cost.hours_text(jobs),
        )

    return list(map(cells, undecided))
