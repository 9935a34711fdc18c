"""``bnbench verify``: what was found, a line a problem or a short table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folders
from bnbench.cli.options import DataDir, Json, Results
from bnbench.cli.terminal import say, show, table, tell
from bnbench.errors import BnbenchError
from bnbench.registry import NOT_ALLOWED

if TYPE_CHECKING:
    from bnbench.runs import Run
    from bnbench.verification.inspection import Inspection
    from bnbench.verification.junit import Case
    from bnbench.verification.repetition import Rerun

OTHER_BITS = (
    "other bits on the same kind of processor, with the same versions, threads, device and code:"
    " bitwise was promised"
)


def verify(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Runs or experiments, such as lenet5; with --against, by default all.",
            autocompletion=complete_run,
        ),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Do the runs again in a temporary folder, and compare.")
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="With --rerun: only this many steps, the first ones."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Judge accuracies by a reference: results/reference."),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", help="Write what was checked to this file, for a build server."),
    ] = None,
    results: Results = RESULTS,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check runs on disk, file by file; exit code 1 if one has a problem.

    With --rerun, the run must give the same bits on the same kind of processor with the same
    versions, threads, device and code. Elsewhere the first 100 training losses must agree within
    5e-6. Networks with ReLUs or max pooling amplify rounding: for them the bound is 1e-5 times the
    square of the step, with batch norm its cube, and at most 0.1. The exit code is 1 if a bound
    does not hold.

    With --against, the accuracies after the first and the last epoch, and the paired differences of
    the reference's contrasts, must lie where the reference's seeds predict them. The exit code is 1
    if more lie outside than chance explains. This works on any machine.

    Example: bnbench verify lenet5 --rerun --steps 100

    Example: bnbench verify --against results/reference --results results
    """
    from bnbench.verification.junit import write_junit

    if against is not None:
        from bnbench.cli.against import judge_runs

        if rerun or steps is not None:
            raise BnbenchError("--against: judges runs as they are; leave out --rerun and --steps")
        cases = [judge_runs(run_folders(runs or (), results), results, against, as_json=as_json)]
    elif not runs:
        raise BnbenchError("name runs, such as lenet5; or give --against")
    else:
        folders = run_folders(runs, results)
        cases = _check(folders, steps, data_dir, again=rerun, as_json=as_json)
    if junit is not None:
        write_junit(cases, junit)
    raise typer.Exit(any(case.problems for case in cases))


def _check(
    folders: Sequence[Path], steps: int | None, data_dir: Path | None, *, again: bool, as_json: bool
) -> list[Case]:
    """Check runs on disk, and do them again if asked to."""
    from bnbench.runs import find_runs
    from bnbench.verification.inspection import inspect, without_manifest
    from bnbench.verification.junit import Case

    if steps is not None and not again:
        raise BnbenchError("--steps: says how much to do again; give --rerun, too")
    inspections = [*without_manifest(folders), *map(inspect, find_runs(folders))]
    cases = [Case(inspection.run.path, inspection.problems) for inspection in inspections]
    if problems := [line for case in cases for line in case.problems]:
        for line in (*problems, *_remedies(problems)):
            say(line)
    elif again:
        cases = _hold(
            [inspection.run for inspection in inspections], steps, data_dir, as_json=as_json
        )
    else:
        _show_inspections(inspections, as_json=as_json)
    return cases


def _remedies(problems: Sequence[str]) -> list[str]:
    """Say what helps a run with problems; one that only may not be imported says it itself."""
    damaged = any(NOT_ALLOWED not in problem for problem in problems)
    return ["move the folders of these runs away, and train them again"] * damaged


def _show_inspections(inspections: Sequence[Inspection], *, as_json: bool) -> None:
    rows = [
        (
            str(inspection.run.place()),
            inspection.status,
            f"ok, without {', '.join(inspection.absent)}" if inspection.absent else "ok",
            "sealed" if inspection.sealed else "no seal",
        )
        for inspection in inspections
    ]
    laid_out = table(("run", "status", "files", "manifest"), rows)
    show(laid_out, as_json=as_json)


def _hold(
    runs: Sequence[Run], steps: int | None, data_dir: Path | None, *, as_json: bool
) -> list[Case]:
    """Do runs again, show what was compared, and say which promises do not hold."""
    from bnbench.cli.diff import unequal_table
    from bnbench.verification import repetition
    from bnbench.verification.junit import Case

    results = []
    for run in runs:
        tell(f"{run.place()}: running again")
        results.append((run, repetition.rerun(run, steps, data_dir)))
    rows = [(str(run.place()), result.promise, f"{result.steps:,}") for run, result in results]
    show(table(("run", "holds", "steps compared"), rows), as_json=as_json)
    for run, result in results:
        if result.differences and not as_json:
            say(f"\n{run.place()}")
            if result.alike and not result.kept:
                say(OTHER_BITS)
            show(unequal_table(result.differences, "then", "now"))
    return [Case(run.place(), () if result.kept else _broken(result)) for run, result in results]


def _broken(result: Rerun) -> tuple[str, ...]:
    differences = (
        f"{found.what}: {found.first}, now {found.second}" for found in result.differences
    )
    return (*[OTHER_BITS] * result.alike, *differences)
