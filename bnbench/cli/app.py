"""The verbs and the one boundary at which an error becomes a line and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.data import data_app
from bnbench.cli.options import DataDir, Results
from bnbench.errors import BnbenchError

app = typer.Typer(
    name="bnbench",
    help="Replicate the LeNet-5 / MNIST batch-normalization benchmarks: as published, as"
    " corrected, over many seeds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line; a `BnbenchError` becomes lines on standard error and exit code 2."""
    try:
        app()
    except BnbenchError as error:
        for line in str(error).splitlines():
            print(f"bnbench: {line}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


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
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Runs at a time; by default one a core."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", help="auto, cpu, cuda or mps, in place of training.device."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again, and replace what is there.")
    ] = False,
) -> None:
    """Train experiments, at one or more seeds, and log them under the results folder.

    Finished runs are recognised and not run again.

    Example: bnbench train -c configs/lenet5.yaml -c configs/lenet5_batchnorm.yaml --seeds 3
    """
    from bnbench.cli.train import train_experiments

    seed_list = list(dict.fromkeys(seed)) if seed else list(range(seeds))
    code = train_experiments(
        config, seed_list, override or [], results, data_dir, jobs, device, fresh
    )
    raise typer.Exit(code)


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Experiment or run folders; the first is the baseline."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and tables.")] = Path(
        "figures"
    ),
    with_runs: Annotated[
        bool, typer.Option("--with-runs", help="Keep configs, manifests and epoch logs there too.")
    ] = False,
) -> None:
    """Compare experiments: figures as PNG and SVG, the CSV each was drawn from, and a table.

    Example: bnbench compare results/lenet5 results/lenet5_batchnorm --out figures/
    """
    from bnbench.cli.compare import compare_experiments

    compare_experiments(runs, out, with_runs)


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
