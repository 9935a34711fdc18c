"""The verbs and the one boundary at which an error becomes a line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.data import data_app
from bnbench.cli.options import (
    HEADLINE,
    DataDir,
    Device,
    Executor,
    ExecutorName,
    Fresh,
    GpusPerRun,
    Jobs,
    KeepGoing,
    RayAddress,
    Results,
    Retries,
    Stack,
    TimeLimit,
)
from bnbench.errors import BnbenchError

app = typer.Typer(
    name="bnbench",
    help="Replicate the LeNet-5 / MNIST batch-normalization benchmarks: as published, as"
    " corrected, over many seeds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # a paragraph is filled, not broken where its lines are
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line; a `BnbenchError` becomes lines on standard error and exit code 2."""
    if sys.argv[1:2] == ["plan"]:
        _only_looking()
    else:
        _run()


def _run() -> None:
    try:
        app()
    except BnbenchError as error:
        for line in str(error).splitlines():
            print(f"bnbench: {line}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


def _only_looking() -> None:
    """Run a command that leaves nothing to be tidied up.

    Looking for garbage while PyTorch is imported, and taking it apart at the end, is a second of
    the two and a half that `plan` would take.
    """
    gc.disable()
    try:
        _run()
    except SystemExit as end:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


@app.command()
def train(
    config: Annotated[
        list[Path],
        typer.Option("--config", "-c", help="Experiment YAML; repeat for several experiments."),
    ],
    seeds: Annotated[
        int, typer.Option("--seeds", "-n", min=1, help="Run each experiment at seeds 0 ... N-1.")
    ] = 1,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Run this seed instead; repeatable."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", "-o", metavar="KEY=VALUE", help="Change one setting."),
    ] = None,
    results: Results = Path("results"),
    data_dir: DataDir = None,
    jobs: Jobs = None,
    device: Device = None,
    stack: Stack = None,
    fresh: Fresh = False,
    keep_going: KeepGoing = True,
    retries: Retries = 0,
    time_limit: TimeLimit = None,
    executor: ExecutorName = Executor.LOCAL,
    ray_address: RayAddress = None,
    gpus_per_run: GpusPerRun = 0.0,
) -> None:
    """Train experiments, at one or more seeds, and log them under the results folder.

    Finished runs are recognised and not run again.

    Example: bnbench train -c configs/lenet5.yaml -c configs/lenet5_batchnorm.yaml --seeds 3
    """
    from bnbench.cli.train import running, train_experiments

    seed_list = list(dict.fromkeys(seed)) if seed else list(range(seeds))
    how = running(jobs, keep_going, retries, time_limit, executor, ray_address, gpus_per_run)
    code = train_experiments(
        config, seed_list, override or [], results, data_dir, device, stack, fresh, how
    )
    raise typer.Exit(code)


@app.command()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Experiments by name or folder, or folders of runs; the first is the baseline"
            " unless --baseline names it."
        ),
    ],
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare all of them with this one.")
    ] = None,
    results: Results = Path("results"),
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and tables.")] = Path(
        "figures"
    ),
    with_runs: Annotated[
        bool, typer.Option("--with-runs", help="Keep configs, manifests and epoch logs there too.")
    ] = False,
) -> None:
    """Compare experiments: figures as PNG and SVG, the CSV each was drawn from, and a table.

    Example: bnbench compare lenet5_batchnorm --baseline lenet5 --out figures/
    """
    from bnbench.cli.compare import compare_experiments

    compare_experiments(runs, baseline, results, out, with_runs)


@app.command()
def reproduce(
    studies: Annotated[
        list[Path] | None,
        typer.Argument(help="Study YAML files; by default the headline study."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", min=1, help="Seeds 0 ... N-1, not the study's.")
    ] = None,
    small: Annotated[
        bool, typer.Option("--small", help="The variant that fits into minutes; it says how.")
    ] = False,
    results: Results = Path("results"),
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the report, its figures and tables.")
    ] = Path("results/report"),
    with_runs: Annotated[
        bool, typer.Option("--with-runs", help="Keep configs, manifests and epoch logs there too.")
    ] = False,
    data_dir: DataDir = None,
    jobs: Jobs = None,
    device: Device = None,
    stack: Stack = None,
    fresh: Fresh = False,
    keep_going: KeepGoing = True,
    retries: Retries = 0,
    time_limit: TimeLimit = None,
    executor: ExecutorName = Executor.LOCAL,
    ray_address: RayAddress = None,
    gpus_per_run: GpusPerRun = 0.0,
) -> None:
    """Run what studies still lack, compare, judge the articles' claims, and write a report.

    Example: bnbench reproduce configs/studies/learning_rate.yaml --small
    """
    from bnbench.cli.reproduce import reproduce_studies
    from bnbench.cli.train import running

    how = running(jobs, keep_going, retries, time_limit, executor, ray_address, gpus_per_run)
    code = reproduce_studies(
        studies or [HEADLINE],
        seeds,
        small,
        results,
        out,
        with_runs,
        data_dir,
        device,
        stack,
        fresh,
        how,
    )
    raise typer.Exit(code)


@app.command()
def plan(
    study: Annotated[
        Path | None, typer.Argument(help="A study's YAML file; by default the headline study.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", min=1, help="Seeds 0 ... N-1, not the study's.")
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="The variant for minutes.")] = False,
    results: Results = Path("results"),
    data_dir: DataDir = None,
    device: Device = None,
    stack: Stack = None,
) -> None:
    """Say for each run of a study whether it is there, would go on or would be run, and why.

    Example: bnbench plan configs/studies/headline.yaml
    """
    from bnbench.cli.plan import print_plan

    print_plan(study or HEADLINE, seeds, small, results, data_dir, device, stack)


@app.command("list")
def list_runs(
    results: Annotated[Path, typer.Argument(help="A folder of runs.")] = Path("results"),
    by_run: Annotated[bool, typer.Option("--runs", help="One line a run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same, for programs.")] = False,
) -> None:
    """Say what is in a results folder, one line an experiment, from the runs' manifests alone.

    The validation accuracy is after the last epoch, the mean over the complete runs. `running` is
    in progress, or was killed. A manifest that cannot be read is a line of its own, and no error;
    a folder where none can is one (exit code 2). Runs that a report keeps beside it, such as those
    of results/reference, are listed when their folder is given.

    Example: bnbench list results --runs
    """
    from bnbench.cli.list import print_list

    print_list(results, by_run, as_json)


@app.command()
def claims(
    studies: Annotated[
        list[Path] | None,
        typer.Argument(help="Study YAML files: only claims that rest on them; by default all."),
    ] = None,
    results: Results = Path("results"),
    article: Annotated[
        str | None, typer.Option("--article", help="Only this one's, such as A0.")
    ] = None,
    verdict: Annotated[
        str | None, typer.Option("--verdict", help="Only these, such as refuted.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the rows with everything about them.")
    ] = None,
) -> None:
    """Judge the published claims, all or those of some studies, by the runs that are there.

    Example: bnbench claims --article A0
    """
    from bnbench.cli.claims import print_claims, resting_on
    from bnbench.cli.studies import judge_results

    judgements = judge_results(studies or [], results).judgements
    if studies:
        judgements = resting_on(judgements, studies)
    print_claims(judgements, article, verdict, csv)


@app.command()
def report(
    studies: Annotated[
        list[Path] | None,
        typer.Argument(help="Study YAML files; by default every study that has runs."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", min=1, help="Only seeds 0 ... N-1.")
    ] = None,
    results: Results = Path("results"),
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("report.html"),
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the same as Markdown beside it.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Instead: a folder for report, tables, and the runs' logs."),
    ] = None,
) -> None:
    """Write the report on the runs that are there: one HTML file that opens offline.

    Example: bnbench report --out report.html
    """
    from bnbench.cli.studies import judge_results
    from bnbench.report.study_results import write_study_report

    judged = judge_results(studies or [], results, seeds)
    if folder is not None:
        from bnbench.cli.reproduce import write_all

        write_all(judged, folder, with_runs=True, lean=True)
        return
    for path in write_study_report(judged, out, with_markdown=markdown):
        if path.suffix != ".svg":
            typer.echo(path)


@app.command()
def verify(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of runs or of experiments; with --against, by default all."),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Do the runs again in a temporary folder, and compare.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="With --rerun: only so many first steps.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Judge accuracies by a reference: results/reference."),
    ] = None,
    results: Results = Path("results"),
    data_dir: DataDir = None,
) -> None:
    """Check runs on disk, file by file; exit code 1 if one has a problem.

    With --rerun, the same bits are promised on the same kind of processor with the same versions,
    threads, device and code. Elsewhere the first 100 training losses hold within 5e-6, or, for
    networks with ReLUs or maxima, which amplify rounding, within 1e-5 times the square of the
    step, with batch norm its cube, 0.1 at most. Exit code 1 where a promise does not hold.

    With --against, judge instead whether accuracies after the first and the last epoch, and the
    paired differences of the reference's contrasts, lie where its own seeds predict them; exit
    code 1 if more lie outside than chance explains. That holds on any machine.

    Example: bnbench verify results/lenet5 --rerun --steps 100

    Example: bnbench verify --against results/reference --results results
    """
    if against is not None:
        from bnbench.cli.against import judge_runs

        if rerun or steps is not None:
            raise BnbenchError("--against: judges runs as they are; leave out --rerun and --steps")
        raise typer.Exit(judge_runs(runs or [], results, against))
    if not runs:
        raise BnbenchError("name folders of runs, such as results/lenet5; or give --against")
    from bnbench.cli.verify import verify_runs

    raise typer.Exit(verify_runs(runs, rerun, steps, data_dir))


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A run.")],
    second: Annotated[Path, typer.Argument(help="Another run.")],
) -> None:
    """Say what differs between two runs; exit code 1 if their numbers do.

    Example: bnbench diff results/lenet5/seed-0 results/lenet5_batchnorm/seed-0
    """
    from bnbench.cli.verify import print_difference

    raise typer.Exit(print_difference(first, second))


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="A completed run, such as results/lenet5/seed-0.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, any size, either polarity.")],
) -> None:
    """Classify image files with a trained run: the digit, and each class's probability.

    Example: bnbench predict results/lenet5/seed-0 seven.png
    """
    from bnbench.cli.predict import print_predictions

    print_predictions(run, images)


@app.command()
def models(
    name: Annotated[
        str | None, typer.Argument(help="Show this architecture layer by layer.")
    ] = None,
) -> None:
    """List the architectures with their parameters and buffers.

    Example: bnbench models LeNet5_BatchNorm
    """
    from bnbench.cli.models import print_architecture, print_architectures

    if name is None:
        print_architectures()
    else:
        print_architecture(name)
