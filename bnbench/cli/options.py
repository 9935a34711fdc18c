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
