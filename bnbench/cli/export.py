"""``bnbench export``: a run's network, or the numbers of many runs, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folder
from bnbench.cli.options import DataDir, Results
from bnbench.cli.terminal import say
from bnbench.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from bnbench.config import Study
    from bnbench.export.network import Agreement
    from bnbench.runs import Run

WAYS = "--onnx, --safetensors, --parquet, --tensorboard, --mlflow or --ro-crate"


def export(
    source: Annotated[
        Path,
        typer.Argument(
            help="A run, such as lenet5/seed-0; for tables, a results folder or an experiment.",
            autocompletion=complete_run,
        ),
    ],
    onnx: Annotated[
        Path | None, typer.Option("--onnx", help="Write the run's network to this file.")
    ] = None,
    safetensors: Annotated[
        Path | None, typer.Option("--safetensors", help="Write the run's weights to this file.")
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option("--parquet", help="Write tables of epochs, batches and contrasts here."),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option("--tensorboard", help="Write event files of all runs' epochs here."),
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option("--mlflow", help="Write all ended runs to the MLflow server at this address."),
    ] = None,
    ro_crate: Annotated[
        bool,
        typer.Option(
            "--ro-crate", help="Write a description of a results folder into it, for an archive."
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that exist.")
    ] = False,
    results: Results = RESULTS,
    data_dir: DataDir = None,
) -> None:
    """Write a run's network, or the numbers of many runs, for other tools.

    A network is tried on the test images before its file is kept: it must give the same classes,
    and logits within 1e-4. It needs an extra: pip install 'bnbench[export]', 'bnbench[tensorboard]'
    or 'bnbench[mlflow]'.

    Example: bnbench export lenet5/seed-0 --onnx lenet5.onnx
    """
    from bnbench import export as write
    from bnbench.errors import BnbenchError

    if not (onnx or safetensors or parquet or tensorboard or mlflow or ro_crate):
        raise BnbenchError(f"say what to write: {WAYS}")
    source = run_folder(source, results)
    for path in filter(None, (onnx, safetensors)):
        write.refuse_existing(path, overwrite=overwrite)
    if onnx:
        _network(write.export_onnx, source, onnx, data_dir)
    if safetensors:
        _network(write.export_safetensors, source, safetensors, data_dir)
    if parquet:
        studies = [] if (source / "manifest.json").exists() else _studies(source)
        for path in write.export_parquet(source, parquet, studies, overwrite=overwrite):
            say(path)
    if tensorboard:
        folders = write.export_tensorboard(source, tensorboard)
        say(f"{tensorboard}: {counted(len(folders), 'run')}; tensorboard --logdir {tensorboard}")
    if mlflow:
        say(f"{mlflow}: {counted(len(write.export_mlflow(source, mlflow)), 'run')} written")
    if ro_crate:
        say(write.export_crate(source, overwrite=overwrite))


def _network(
    write: Callable[[Run, Path, Path | None], Agreement],
    source: Path,
    path: Path,
    data_dir: Path | None,
) -> None:
    from bnbench.runs import find_run

    agreement = write(find_run(source), path, data_dir)
    say(
        f"{path}: same classes as the run's on {agreement.images:,} images; logits differ by"
        f" {agreement.largest:.1e} at most"
    )


def _studies(results: Path) -> list[Study]:
    """Find the studies of which something can be compared there."""
    from bnbench.cli.studies import known_studies
    from bnbench.findings.studies_with_runs import studies_with_runs

    files = [Path(study.path) for study in known_studies((), results)]
    return studies_with_runs(files, results, started=True)
