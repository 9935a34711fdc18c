"""Options that several verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

HEADLINE = Path("configs/studies/headline.yaml")
"""The study of the first article's question: what the verbs of studies take by default."""

Results = Annotated[Path, typer.Option("--results", help="Folder of the runs.")]

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="BNBENCH_DATA_DIR",
        help="Folder of the data sets; by default the user's cache folder.",
        show_default=False,
    ),
]

DatasetName = Annotated[str, typer.Option("--dataset", help="mnist, fashion_mnist or digits.")]

Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Runs at a time; by default one a core.")
]

Device = Annotated[
    str | None,
    typer.Option("--device", help="auto, cpu, cuda or mps, in place of training.device."),
]

Stack = Annotated[
    int | None,
    typer.Option(
        "--stack", min=2, help="Train so many seeds as one network, in place of training.stack."
    ),
]

Fresh = Annotated[bool, typer.Option("--fresh", help="Run again, and replace what is there.")]

KeepGoing = Annotated[
    bool,
    typer.Option("--keep-going/--fail-fast", help="After a failed run: do the others, or stop."),
]

Retries = Annotated[
    int, typer.Option("--retries", min=0, help="Try a failed run so often again, where it was.")
]

TimeLimit = Annotated[
    float | None, typer.Option("--time-limit", min=0.001, help="Seconds that a run may take.")
]


class Executor(StrEnum):
    """Where runs are done."""

    LOCAL = "local"
    RAY = "ray"


ExecutorName = Annotated[
    Executor, typer.Option("--executor", help="This machine, or a Ray cluster (bnbench[ray]).")
]

RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="By default RAY_ADDRESS, or the cluster of this machine."),
]

GpusPerRun = Annotated[
    float, typer.Option("--gpus-per-run", min=0, help="GPUs, or part of one, that Ray gives a run.")
]
