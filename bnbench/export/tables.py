"""The numbers of many runs as Parquet files, which any tool for tables reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from bnbench.export.files import extra, refuse_existing
from bnbench.findings.load import load_results
from bnbench.findings.run_files import frame
from bnbench.runs import Run, read_batches, written_whole


def export_parquet(results: Path, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write ``epochs.parquet``, and ``batches.parquet`` where runs have kept their batches.

    Parameters
    ----------
    results : Path
        A results folder.
    folder : Path
        Made where it is missing.
    overwrite : bool, default False
        Replace files that are there.

    Returns
    -------
    list of Path
        The files written: one row a run and epoch as `bnbench.load_results` has them, one row a
        run and batch.
    """
    parquet, arrow = extra("pyarrow.parquet", "export"), extra("pyarrow", "export")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.parquet" for name in ("epochs", "batches")]
    for path in paths:
        refuse_existing(path, overwrite=overwrite)
    epochs = load_results(results)
    with written_whole(paths[0]) as beside:
        parquet.write_table(arrow.Table.from_pandas(epochs, preserve_index=False), beside)
    runs = epochs.drop_duplicates("path")
    if not any(Run(Path(path)).batches.exists() for path in runs["path"]):
        return paths[:1]
    with written_whole(paths[1]) as beside:
        _write_batches(_batches(runs), beside, parquet, arrow)
    return paths


def _batches(runs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Read the batches run by run: all at once would be gigabytes."""
    for row in runs.itertuples():
        run = Run(Path(str(row.path)))
        if run.batches.exists():
            whose = pd.DataFrame({"experiment": [row.experiment], "seed": [row.seed]})
            yield whose.merge(frame(read_batches(run)), how="cross")


def _write_batches(frames: Iterator[pd.DataFrame], path: Path, parquet: Any, arrow: Any) -> None:
    tables = (arrow.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(first.schema))
