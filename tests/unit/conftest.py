"""Small run directories, written by the package's own writers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnbench.config import Experiment, configuration_hash, dump_experiment
from bnbench.runs import (
    BatchRows,
    EpochRow,
    Manifest,
    Run,
    RunLogs,
    run_directory,
    write_text,
)

BATCHES = {"train": 20, "validation": 4}  # an epoch
EXAMPLES = {"train": (3_100, 1_100), "validation": (2_800, 1_600)}  # in a batch, in the last one


MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Write one run: `validation` and `train` are accuracies, an epoch each.

    `experiment` is a name, which `settings` go with, or the whole experiment.
    """

    def make(
        experiment: str | Experiment,
        seed: int,
        validation: Sequence[float],
        *,
        train: Sequence[float] | None = None,
        results: Path | None = None,
        settings: dict[str, Any] | None = None,
        manifest: dict[str, Any] | None = None,
    ) -> Run:
        manifest = manifest or {}
        config = experiment
        if isinstance(config, str):
            config = _experiment(config, len(validation), settings or {})
        run = run_directory(results or tmp_path / "results", config, seed)
        run.path.mkdir(parents=True)
        write_text(run.config, dump_experiment(config))
        diverged = manifest.get("status") == "diverged"
        epochs = _write_logs(run, seed, validation, train or validation, diverged)
        _manifest(config, seed, epochs, manifest).write(run.manifest)
        return run

    return make


def _experiment(name: str, epochs: int, settings: dict[str, Any]) -> Experiment:
    content = {
        "experiment": name,
        "model": {"name": "LeNet5"},
        "data": {"split": "published"},
        "training": {"epochs": epochs},
    }
    for section, values in settings.items():
        merged = content.get(section)
        content[section] = {**merged, **values} if isinstance(merged, dict) else values
    return Experiment.model_validate(content)


def _write_logs(
    run: Run, seed: int, validation: Sequence[float], train: Sequence[float], diverged: bool
) -> EpochRow | None:
    rng = np.random.default_rng(seed)
    row = None
    with RunLogs(run.batches, run.epochs) as logs:
        for epoch, (on_validation, on_train) in enumerate(zip(validation, train, strict=True), 1):
            logs.write(_batches(rng, "train", epoch))
            logs.write(_batches(rng, "validation", epoch))
            row = EpochRow(epoch, 1.0 / epoch, on_train, 0.9 / epoch, on_validation, 1e-3,
                           3.0, 1.0, 0.95 / epoch, True)  # fmt: skip
            logs.write(row)
        if diverged:
            logs.write(_cut_off(_batches(rng, "train", len(validation) + 1)))
    return row


def _batches(rng: np.random.Generator, split: str, epoch: int) -> BatchRows:
    count, last = BATCHES[split], epoch * BATCHES["train"]
    steps = np.arange(last - count + 1, last + 1) if split == "train" else np.full(count, last)
    losses = rng.uniform(0.5, 2.0, count).astype(np.float32) / np.float32(epoch)
    examples = np.full(count, EXAMPLES[split][0])
    examples[-1] = EXAMPLES[split][1]
    return BatchRows(split, epoch, steps, examples, losses, rng.integers(0, 1_000, count))


def _cut_off(rows: BatchRows) -> BatchRows:
    """Keep five batches, of which the last has a loss that is no number."""
    rows.losses[4] = math.nan
    return BatchRows(rows.split, rows.epoch, rows.steps[:5], rows.examples[:5], rows.losses[:5],
                     rows.correct[:5])  # fmt: skip


def _manifest(
    config: Experiment, seed: int, last: EpochRow | None, changes: dict[str, Any]
) -> Manifest:
    final: dict[str, Any] = {"epochs": 0}
    if last is not None:
        final = {
            "epochs": last.epoch,
            "train_accuracy": last.train_accuracy,
            "validation_accuracy": last.validation_accuracy,
            "validation_loss": last.validation_loss,
        }
    fields: dict[str, Any] = {
        "experiment": config.experiment,
        "seed": seed,
        "status": "complete",
        "configuration_hash": configuration_hash(config),
        "dataset": {
            "name": "mnist",
            "sha256": "0" * 64,
            "train_examples": 60_000,
            "validation_examples": 10_000,
            "test_examples": None,
            "validation_is_test_file": True,
        },
        "versions": {"bnbench": "0.1.0", "torch": "2.15.0"},
        "source": {"git_commit": None, "dirty": None},
        "machine": {"device": "cpu"},
        "started": "2026-01-01T00:00:00+00:00",
        "final": final,
    }
    for name, value in changes.items():
        fields[name] = {**fields[name], **value} if isinstance(value, dict) else value
    return Manifest(**fields)


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace a text in a file, as a person with an editor would."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return replace
