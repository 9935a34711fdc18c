"""Options that several verbs share, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from bnbench.cli.names import RESULTS, complete_study

HEADLINE = Path("headline")
"""The study of the first article's question: what the verbs of studies take by default."""

CLUSTER = "Cluster"
"""The heading of the options for Ray."""

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

DatasetName = Annotated[
    str, typer.Option("--dataset", help="mnist, fashion_mnist, kmnist or another data set.")
]

MOST_SEEDS = 100_000
"""A plan has an entry for each, and so many runs would take years."""

StudySeeds = Annotated[
    int | None,
    typer.Option(
        "--seeds", "-n", min=1, max=MOST_SEEDS, help="Use the seeds 0 ... N-1, not the study's."
    ),
]

Studies = Annotated[
    list[Path] | None,
    typer.Argument(help="Studies by name or file.", autocompletion=complete_study),
]

Small = Annotated[
    bool, typer.Option("--small", help="The study's smaller variant, which takes minutes.")
]

WithRuns = Annotated[
    bool, typer.Option("--with-runs", help="Keep configs, manifests and epoch logs there too.")
]

Latex = Annotated[bool, typer.Option("--latex", help="Write the tables as LaTeX files, too.")]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Device = Annotated[
    str | None,
    typer.Option("--device", help="auto, cpu, cuda or mps, in place of training.device."),
]

Stack = Annotated[
    int | None,
    typer.Option(
        "--stack", min=2, help="Train this many seeds as one network, in place of training.stack."
    ),
]


class Executor(StrEnum):
    """Where runs are done."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How runs are done: the options of every verb that does some."""

    results: Results = RESULTS
    data_dir: DataDir = None
    as_json: Json = False
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Runs at a time; by default one for each core."),
    ] = None
    device: Device = None
    stack: Stack = None
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again, and replace what is there.")
    ] = False
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going/--fail-fast", help="After a failed run, do the others, or stop."
        ),
    ] = True
    retries: Annotated[
        int,
        typer.Option("--retries", min=0, help="Continue a failed run up to this many times."),
    ] = 0
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", min=0.001, help="Seconds that a run may take."),
    ] = None
    executor: Annotated[
        Executor,
        typer.Option(
            "--executor",
            help="This machine, or a Ray cluster (bnbench[ray]).",
            rich_help_panel=CLUSTER,
        ),
    ] = Executor.LOCAL
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            help="By default RAY_ADDRESS, or the cluster of this machine.",
            rich_help_panel=CLUSTER,
        ),
    ] = None
    gpus_per_run: Annotated[
        float,
        typer.Option(
            "--gpus-per-run",
            min=0,
            help="GPUs, or part of one, that Ray gives a run.",
            rich_help_panel=CLUSTER,
        ),
    ] = 0.0


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take, in place of its parameter `how`, an option a field of `RunOptions`.

    Typer reads a command's options from its signature, and knows no groups of them.
    """
    types = get_type_hints(RunOptions, include_extras=True)
    own = signature(command, eval_str=True).parameters.values()
    parameters = [
        *(each.replace(kind=Parameter.KEYWORD_ONLY) for each in own if each.name != "how"),
        *(
            Parameter(
                field.name, Parameter.KEYWORD_ONLY,
                default=field.default, annotation=types[field.name],
            )
            for field in fields(RunOptions)
        ),
    ]  # fmt: skip

    @wraps(command)
    def grouped(**given: Any) -> None:
        how = RunOptions(**{field.name: given.pop(field.name) for field in fields(RunOptions)})
        command(how=how, **given)

    grouped.__annotations__ = {each.name: each.annotation for each in parameters}
    grouped.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    return grouped
