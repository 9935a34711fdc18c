"""Small run directories, written by the package's own writers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bnbench.config import Experiment, TrainingSettings, configuration_hash, dump_experiment
from bnbench.plots import style
from bnbench.runs import (
    BatchRows,
    EpochRow,
    Manifest,
    Run,
    RunLogs,
    run_directory,
    write_text,
)
from tests.manifests import a_manifest

SIZES = {"train": 60_000, "validation": 10_000}  # but for what a test says of its data set
BATCH_SIZE = 3_100  # but for what a test says: 20 training and 4 validation batches an epoch


MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Write one run: `validation` and `train` are accuracies, an epoch each.

    They become whole numbers of images. `losses` are of a split's batches over the run; else they
    are random. The epochs follow from the batches. With `diverged_of` planned epochs it diverged
    after those that it has.
    `experiment` is a name, which `settings` go with, or the whole experiment.
    """

    def make(
        experiment: str | Experiment,
        seed: int,
        validation: Sequence[float],
        *,
        train: Sequence[float] | None = None,
        losses: dict[str, Sequence[float]] | None = None,
        results: Path | None = None,
        settings: dict[str, Any] | None = None,
        manifest: dict[str, Any] | None = None,
        diverged_of: int | None = None,
    ) -> Run:
        manifest = ({"status": "diverged"} if diverged_of else {}) | (manifest or {})
        config = experiment
        if isinstance(config, str):
            config = _experiment(config, diverged_of or len(validation), settings or {})
        run = run_directory(results or tmp_path / "results", config, seed)
        run.path.mkdir(parents=True)
        write_text(run.config, dump_experiment(config))
        diverged = manifest.get("status") == "diverged"
        sizes = {
            split: manifest.get("dataset", {}).get(f"{split}_examples", size)
            for split, size in SIZES.items()
        }
        accuracies = {"train": train or validation, "validation": validation}
        epochs = _write_logs(run, seed, accuracies, losses or {}, sizes, config.training, diverged)
        _manifest(config, seed, epochs, manifest).write(run.manifest)
        return run

    return make


def _experiment(name: str, epochs: int, settings: dict[str, Any]) -> Experiment:
    content = {
        "experiment": name,
        "model": {"name": "LeNet5"},
        "data": {"split": "published"},
        "training": {"epochs": epochs, "batch_size": BATCH_SIZE},
    }
    for section, values in settings.items():
        merged = content.get(section)
        content[section] = {**merged, **values} if isinstance(merged, dict) else values
    return Experiment.model_validate(content)


def _write_logs(
    run: Run, seed: int, accuracies: dict[str, Sequence[float]],
    losses: dict[str, Sequence[float]], sizes: dict[str, int], settings: TrainingSettings,
    diverged: bool,
) -> EpochRow | None:  # fmt: skip
    rng = np.random.default_rng(seed)
    row, epochs = None, len(accuracies["validation"])
    steps = len(_examples(sizes["train"], settings, drop_last=settings.drop_last))
    with RunLogs(run.batches, run.epochs) as logs:
        for epoch in range(1, epochs + 1):
            right = {split: round(accuracies[split][epoch - 1] * sizes[split]) for split in sizes}
            rows = {
                split: _batches(
                    rng, split, epoch, size, right[split], settings, steps, losses.get(split)
                )
                for split, size in sizes.items()
            }
            row = EpochRow(
                epoch, _loss(rows["train"], settings), right["train"] / sizes["train"],
                _loss(rows["validation"], settings), right["validation"] / sizes["validation"],
                1e-3, 3.0, 1.0, 0.95 / epoch, True,
            )  # fmt: skip
            logs.write(rows["train"])
            logs.write(rows["validation"])
            logs.write(row)
        if diverged:
            logs.write(
                _cut_off(_batches(rng, "train", epochs + 1, sizes["train"], 6_000, settings, steps))
            )
    return row


def _batches(
    rng: np.random.Generator, split: str, epoch: int, size: int, right: int,
    settings: TrainingSettings, steps_per_epoch: int, losses: Sequence[float] | None = None,
) -> BatchRows:  # fmt: skip
    examples = _examples(size, settings, drop_last=split == "train" and settings.drop_last)
    count, last = len(examples), epoch * steps_per_epoch
    steps = np.arange(last - count + 1, last + 1) if split == "train" else np.full(count, last)
    drawn = rng.uniform(0.5, 2.0, count).astype(np.float32) / np.float32(epoch)
    if losses is not None:
        drawn = np.array(losses[(epoch - 1) * count : epoch * count], dtype=np.float32)
    ends = np.append(0, examples.cumsum())  # the first images are the correct ones
    correct = np.diff(ends.clip(max=right))
    return BatchRows(split, epoch, steps, examples, drawn, correct)


def _examples(size: int, settings: TrainingSettings, *, drop_last: bool) -> NDArray[np.int64]:
    whole, rest = divmod(size, settings.batch_size)
    last = [rest] if rest and not drop_last else []
    return np.array([settings.batch_size] * whole + last, dtype=np.int64)


def _loss(rows: BatchRows, settings: TrainingSettings) -> float:
    weights = None if settings.epoch_loss == "mean_of_batches" else rows.examples
    return float(np.average(rows.losses.astype(float), weights=weights))


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
    fields = {
        "experiment": config.experiment,
        "seed": seed,
        "configuration_hash": configuration_hash(config),
    }
    published = config.data.split == "published"
    dataset = {"name": config.data.dataset, "validation_is_test_file": published}
    sections = {"final": final, "dataset": dataset}
    sections = {name: kept | changes.get(name, {}) for name, kept in sections.items()}
    return a_manifest(**fields | changes | sections)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the files of figures empty, for tests of what stands beside them."""

    def save(
        figure: Figure, folder: Path, name: str, formats: Sequence[str] = style.Form.formats
    ) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{name}.{suffix}" for suffix in formats]
        for path in paths:
            path.touch()
        return paths

    monkeypatch.setattr(style, "save", save)
