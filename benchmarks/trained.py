"""Runs of bnbench by its own command, in a folder that is gone afterwards."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measurement import output


@dataclass(frozen=True)
class Trained:
    """What a finished run wrote of itself."""

    manifest: dict[str, Any]
    epochs: list[dict[str, str]]

    def seconds(self, what: str) -> list[float]:
        """Each epoch's ``train_seconds`` or ``evaluation_seconds``."""
        return [float(row[what]) for row in self.epochs]


def trained(*options: str, device: str = "cpu") -> list[Trained]:
    """Train with these options of ``bnbench train``; read the runs."""
    with TemporaryDirectory() as results:
        output("-m", "bnbench", "train", *options, "--results", results, "--device", device)
        folders = [path.parent for path in sorted(Path(results).rglob("manifest.json"))]
        return [_read(folder) for folder in folders]


def _read(folder: Path) -> Trained:
    with (folder / "epochs.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    return Trained(json.loads((folder / "manifest.json").read_text()), epochs)
