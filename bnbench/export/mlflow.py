"""Runs and their epochs as runs of an MLflow server, each taken once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from bnbench.errors import BnbenchError, in_one_line
from bnbench.export.files import extra
from bnbench.findings.load import load_results
from bnbench.runs import Manifest, Run

STATUSES = {
    "complete": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "interrupted": "KILLED",
}  # fmt: skip
"""A manifest's status, and MLflow's; a run that goes on is left for another time."""

MEASURES = (
    "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate",
    "train_seconds",
)  # fmt: skip
SEAL = "bnbench.seal"
"""The tag by which a run is known again; it is set last, when all else is there."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing goes anywhere but to the given server
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
MOST_TOLD = 200  # characters of an error
MOST_METRICS, MOST_PARAMS = 1000, 100  # that MLflow takes at once


def export_mlflow(results: Path, address: str) -> list[Path]:
    """Write every run that has ended to an MLflow server, unless it is there already.

    Parameters
    ----------
    results : Path
        A results folder, or the folder of an experiment or of a run.
    address : str
        Such as ``http://127.0.0.1:5000``.

    Returns
    -------
    list of Path
        The runs that were written: each a run of the MLflow experiment of its name, with the keys
        of its config as parameters and the columns of ``epochs.csv`` as metrics.
    """
    if not address.startswith(("http://", "https://")):
        raise BnbenchError(f"{address}: is no server's address, such as http://127.0.0.1:5000")
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    client = extra("mlflow", "mlflow").MlflowClient(tracking_uri=address)
    failure = extra("mlflow.exceptions", "mlflow").MlflowException
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # what fails is told below
    epochs = load_results(results)
    try:
        return [
            run.path
            for path, rows in epochs.groupby("path", sort=False)
            if _written(client, run := Run(Path(str(path))), rows)
        ]
    except failure as error:
        why = in_one_line(error)[:MOST_TOLD]
        raise BnbenchError(f"{address}: no MLflow server takes the runs ({why})") from None


def _written(client: Any, run: Run, rows: pd.DataFrame) -> bool:
    """Write one run; ``False`` if it goes on, or if it is there."""
    manifest = run.read_manifest()
    experiment = _experiment(client, manifest.experiment)
    seal = manifest.seal or f"{manifest.configuration_hash}-{manifest.seed}"
    known = f"tags.`{SEAL}` = '{seal}'"
    if manifest.status not in STATUSES or client.search_runs([experiment], known, max_results=1):
        return False
    begun = _milliseconds(manifest.started)
    tags = {"bnbench.status": manifest.status, "bnbench.version": manifest.versions["bnbench"]}
    entry = client.create_run(
        experiment, start_time=begun, run_name=f"seed-{manifest.seed}", tags=tags
    ).info.run_id
    metrics, params = [*_metrics(rows, begun), *_final(manifest)], _params(run, manifest)
    for first in range(0, len(metrics), MOST_METRICS):
        client.log_batch(entry, metrics=metrics[first : first + MOST_METRICS])
    for first in range(0, len(params), MOST_PARAMS):
        client.log_batch(entry, params=params[first : first + MOST_PARAMS])
    client.set_tag(entry, SEAL, seal)
    ended = _milliseconds(manifest.ended) if manifest.ended else None
    client.set_terminated(entry, STATUSES[manifest.status], ended)
    return True


def _experiment(client: Any, name: str) -> str:
    there = client.get_experiment_by_name(name)
    return str(there.experiment_id if there else client.create_experiment(name))


def _metrics(rows: pd.DataFrame, begun: int) -> Iterator[Any]:
    """Each measure at the step that is its epoch, and at the time when it was taken."""
    metric = extra("mlflow.entities", "mlflow").Metric
    ends = begun + 1000 * (rows["train_seconds"] + rows["evaluation_seconds"]).cumsum()
    for end, row in zip(ends, rows.to_dict("records"), strict=True):
        yield from (metric(name, row[name], int(end), row["epoch"]) for name in MEASURES)


def _final(manifest: Manifest) -> Iterator[Any]:
    metric = extra("mlflow.entities", "mlflow").Metric
    final = manifest.final
    for name, value in (("test_accuracy", final.test_accuracy), ("test_loss", final.test_loss)):
        if value is not None and manifest.ended:
            yield metric(name, value, _milliseconds(manifest.ended), final.epochs or 0)


def _params(run: Run, manifest: Manifest) -> list[Any]:
    param = extra("mlflow.entities", "mlflow").Param
    settings = run.read_experiment().model_dump(mode="json", exclude={"description"})
    flat = pd.json_normalize({"seed": manifest.seed, **settings}).to_dict("records")[0]
    return [param(str(name), str(value)) for name, value in flat.items()]


def _milliseconds(moment: str) -> int:
    return int(1000 * datetime.fromisoformat(moment).timestamp())
