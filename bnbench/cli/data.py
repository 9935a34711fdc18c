"""``bnbench data``: fetch, verify, locate and look at a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.help import PlainCommand, PlainGroup
from bnbench.cli.options import DataDir, DatasetName, Json
from bnbench.cli.terminal import say, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from bnbench.data import Dataset, FileCheck

data_app = typer.Typer(
    cls=PlainGroup,
    help="Fetch, verify, locate and look at a data set.\n\nExample: bnbench data fetch",
    no_args_is_help=True,
)


@data_app.command(cls=PlainCommand)
def fetch(dataset: DatasetName = "mnist", data_dir: DataDir = None) -> None:
    """Download the files of a data set if they are missing, and verify them.

    Example: bnbench data fetch --dataset fashion_mnist
    """
    from bnbench.data import data_folder
    from bnbench.data import fetch as fetch_files

    say(fetch_files(_with_files(dataset), data_folder(data_dir)))


@data_app.command(cls=PlainCommand)
def verify(dataset: DatasetName = "mnist", data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check by their hashes that the files are the published ones; exit code 1 if not.

    Example: bnbench data verify
    """
    from bnbench.data import data_folder
    from bnbench.data import verify as verify_files

    checks = verify_files(_with_files(dataset), data_folder(data_dir))
    show(_file_table(checks), as_json=as_json)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@data_app.command(cls=PlainCommand)
def where(dataset: DatasetName = "mnist", data_dir: DataDir = None) -> None:
    """Print the folder of the files; exit code 1 if they are not there yet.

    Example: bnbench data where
    """
    from bnbench.data import data_folder, locate, raw_folder

    known = _with_files(dataset)
    found = locate(known, data_folder(data_dir))
    say(found or raw_folder(known, data_folder(data_dir)))
    raise typer.Exit(0 if found else 1)


@data_app.command("show", cls=PlainCommand)
def show_data_set(
    dataset: DatasetName = "mnist",
    data_dir: DataDir = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the figures.")] = Path("figures"),
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the choice of digits and of the 50 draws.")
    ] = 0,
) -> None:
    """Draw a grid of digits, and min-max and z-score normalization before and after.

    Example: bnbench data show --out figures
    """
    from bnbench.data import data_folder, read_training_file
    from bnbench.report.data_figures import show_data

    examples = read_training_file(dataset, data_folder(data_dir))
    for path in show_data(examples.images, examples.labels, out, seed):
        say(path)


def _file_table(checks: Sequence[FileCheck]) -> Table:
    """Lay out the files of a data set with their checksums."""
    rows = [
        (
            check.path.name,
            f"{check.size:,}" if check.size is not None else "",
            check.md5 or "",
            check.sha256 or "",
            check.problem or "ok",
        )
        for check in checks
    ]
    return table(("file", "bytes", "MD5", "SHA-256", ""), rows)


def _with_files(name: str) -> Dataset:
    """Look up a data set that has files of its own; one from a package needs none of this."""
    from bnbench.data import find_dataset

    dataset = find_dataset(name)
    if not dataset.files:
        say(f"{dataset.title}: there is no file to fetch or to look after")
        raise typer.Exit
    return dataset
