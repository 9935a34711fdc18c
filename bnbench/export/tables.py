"""The numbers of many runs as Parquet files, which any tool for tables reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from bnbench.config import Study
from bnbench.export.files import extra, refuse_existing
from bnbench.findings import contrasts_table, find
from bnbench.findings.load import load_results
from bnbench.runs import Run, read_batches, written_whole


def export_parquet(
    results: Path, folder: Path, studies: Sequence[Study] = (), *, overwrite: bool = False
) -> list[Path]:
    """Write ``epochs.parquet``, and ``batches`` and ``contrasts`` where there are any.

    Parameters
    ----------
    results : Path
        A results folder.
    folder : Path
        Made where it is missing.
    studies : sequence of Study
        Whose contrasts are written.
    overwrite : bool, default False
        Replace files that are there.

    Returns
    -------
    list of Path
        The files written: one row a run and epoch as `bnbench.load_results` has them, one row a
        run and batch, one row a contrast and metric as in ``contrasts.csv``.
    """
    parquet, arrow = extra("pyarrow.parquet", "export"), extra("pyarrow", "export")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.parquet" for name in ("epochs", "batches", "contrasts")]
    for path in paths:
        refuse_existing(path, overwrite=overwrite)
    epochs = load_results(results)
    runs = epochs.drop_duplicates("path")
    batches = any(Run(Path(path)).batches.exists() for path in runs["path"])
    contrasts = _contrasts(studies, results)
    frames = {
        paths[0]: iter([epochs]),
        paths[1]: _batches(runs) if batches else None,
        paths[2]: iter([pd.concat(contrasts, ignore_index=True)]) if contrasts else None,
    }
    for path, parts in frames.items():
        if parts:
            with written_whole(path) as beside:
                _write(parts, beside, parquet, arrow)
    return [path for path, parts in frames.items() if parts]


def _contrasts(studies: Sequence[Study], results: Path) -> list[pd.DataFrame]:
    tables = (contrasts_table(find(study, results).all) for study in studies)
    return [table for table in tables if not table.empty]


def _batches(runs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Read the batches run by run: all at once would be gigabytes."""
    for row in runs.itertuples():
        run = Run(Path(str(row.path)))
        if run.batches.exists():
            whose = pd.DataFrame({"experiment": [row.experiment], "seed": [row.seed]})
            yield whose.merge(pd.DataFrame(read_batches(run).rows), how="cross")


def _write(frames: Iterator[pd.DataFrame], path: Path, parquet: Any, arrow: Any) -> None:
    tables = (arrow.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table.cast(first.schema))
