"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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

Fresh = Annotated[bool, typer.Option("--fresh", help="Run again, and replace what is there.")]
