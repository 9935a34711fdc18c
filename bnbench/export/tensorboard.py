"""The epochs of many runs as TensorBoard's event files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from bnbench.errors import BnbenchError
from bnbench.export.files import extra
from bnbench.findings.load import load_results
from bnbench.runs import Run

TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "train_accuracy": "accuracy/train",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
}
"""Columns of ``epochs.csv``, and where TensorBoard shows them."""


def export_tensorboard(results: Path, folder: Path) -> list[Path]:
    """Write one folder of event files a run, each measure a scalar at the step that is its epoch.

    Parameters
    ----------
    results : Path
        A results folder.
    folder : Path
        Must not be there yet: TensorBoard would add what is new to what is old.

    Returns
    -------
    list of Path
        The folders of the runs.
    """
    extra("tensorboard", "tensorboard")
    epochs = load_results(results)
    if folder.exists():
        raise BnbenchError(f"{folder}: is there already; choose another name")
    return [
        _write(Run(Path(str(path))), rows, folder / str(experiment) / f"seed-{seed}")
        for (path, experiment, seed), rows in epochs.groupby(["path", "experiment", "seed"])
    ]


def _write(run: Run, rows: pd.DataFrame, folder: Path) -> Path:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    started = datetime.fromisoformat(run.read_manifest().started).timestamp()
    times = started + (rows["train_seconds"] + rows["evaluation_seconds"]).cumsum()
    for time, row in zip(times, rows.to_dict("records"), strict=True):
        values = [Summary.Value(tag=tag, simple_value=row[name]) for name, tag in TAGS.items()]
        event = Event(wall_time=time, step=row["epoch"], summary=Summary(value=values))
        writer.add_event(event)
    writer.close()
    return folder
