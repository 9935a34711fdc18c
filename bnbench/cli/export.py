"""``bnbench export``: a run's network, or the numbers of many runs, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folder
from bnbench.cli.options import DataDir, Results
from bnbench.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from bnbench.config import Study
    from bnbench.export.network import Agreement
    from bnbench.runs import Run


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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    results: Results = RESULTS,
    data_dir: DataDir = None,
) -> None:
    """Write a run's network, or the numbers of many runs, for other tools.

    A network is tried on the test images before its file takes its place: same classes, logits
    within 1e-4. Needs an extra: pip install 'bnbench[export]', or for TensorBoard
    'bnbench[tensorboard]'.

    Example: bnbench export lenet5/seed-0 --onnx lenet5.onnx
    """
    from bnbench.errors import BnbenchError
    from bnbench.export import (
        export_onnx,
        export_parquet,
        export_safetensors,
        export_tensorboard,
        refuse_existing,
    )
    from bnbench.runs import Run

    if not (onnx or safetensors or parquet or tensorboard):
        raise BnbenchError("say what to write: --onnx, --safetensors, --parquet or --tensorboard")
    source = run_folder(source, results)
    networks: list[tuple[Path, Callable[[Run, Path, Path | None], Agreement]]] = [
        (path, write)
        for path, write in ((onnx, export_onnx), (safetensors, export_safetensors))
        if path
    ]
    for path, _ in networks:
        refuse_existing(path, overwrite=overwrite)
    for path, write in networks:
        agreement = write(Run(source), path, data_dir)
        say(
            f"{path}: same classes as the run's on {agreement.images:,} images; logits differ by"
            f" {agreement.largest:.1e} at most"
        )
    if parquet:
        studies = [] if (source / "manifest.json").exists() else _studies(source)
        for path in export_parquet(source, parquet, studies, overwrite=overwrite):
            say(path)
    if tensorboard:
        folders = export_tensorboard(source, tensorboard)
        say(f"{tensorboard}: {len(folders)} runs; tensorboard --logdir {tensorboard}")


def _studies(results: Path) -> list[Study]:
    """Find the studies of which something can be compared there."""
    from bnbench.cli.studies import known_studies
    from bnbench.findings.studies_with_runs import studies_with_runs

    files = [Path(study.path) for study in known_studies((), results)]
    return studies_with_runs(files, results, started=True)
