"""``bnbench data``: fetch, verify, locate and look at a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.options import DataDir, DatasetName

if TYPE_CHECKING:
    from bnbench.data import Dataset

data_app = typer.Typer(help="Fetch, verify, locate and look at a data set.", no_args_is_help=True)


@data_app.command()
def fetch(dataset: DatasetName = "mnist", data_dir: DataDir = None) -> None:
    """Get the four files, from wherever they can be had, and verify them."""
    from bnbench.data import data_folder
    from bnbench.data import fetch as fetch_files

    typer.echo(fetch_files(_with_files(dataset), data_folder(data_dir)))


@data_app.command()
def verify(dataset: DatasetName = "mnist", data_dir: DataDir = None) -> None:
    """Hash the files and say whether they are the published ones; exit code 1 if not."""
    from rich.console import Console

    from bnbench.cli.tables import file_table
    from bnbench.data import data_folder
    from bnbench.data import verify as verify_files

    checks = verify_files(_with_files(dataset), data_folder(data_dir))
    Console().print(file_table(checks))
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@data_app.command()
def where(dataset: DatasetName = "mnist", data_dir: DataDir = None) -> None:
    """Print the folder of the files; exit code 1 if they are not there yet."""
    from bnbench.data import data_folder, locate, raw_folder

    known = _with_files(dataset)
    found = locate(known, data_folder(data_dir))
    typer.echo(found or raw_folder(known, data_folder(data_dir)))
    raise typer.Exit(0 if found else 1)


@data_app.command()
def show(
    dataset: DatasetName = "mnist",
    data_dir: DataDir = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the figures.")] = Path("figures"),
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the choice of digits and the 50 draws.")
    ] = 0,
) -> None:
    """Draw a grid of digits, and min-max and z-score normalization before and after."""
    from bnbench.data import data_folder, read_training_file
    from bnbench.report.data_figures import show_data

    examples = read_training_file(dataset, data_folder(data_dir))
    for path in show_data(examples.images, examples.labels, out, seed):
        typer.echo(path)


def _with_files(name: str) -> Dataset:
    """Look up a data set that has files of its own; one from a package needs none of this."""
    from bnbench.data import find_dataset

    dataset = find_dataset(name)
    if not dataset.files:
        typer.echo(f"{dataset.title} come inside scikit-learn: there is no file to look after")
        raise typer.Exit
    return dataset
