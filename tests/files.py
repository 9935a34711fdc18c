"""What is in files: all of a folder's, the rows of a table, and of a run what no clock decides."""

from __future__ import annotations

import csv
import json
from io import BytesIO
from pathlib import Path

import pandas as pd


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, but for locks: name, seen from there -> content."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def timeless(folder: Path) -> dict[str, bytes | str]:
    """Read the `contents` of runs without what tells the time: equal runs have equal ones."""
    return {name: _timeless(name, content) for name, content in contents(folder).items()}


def _timeless(name: str, content: bytes) -> bytes | str:
    if name.endswith(("epochs.csv", "evaluations.csv")):
        table = pd.read_csv(BytesIO(content), dtype=str)
        times = ["train_seconds", "evaluation_seconds"]
        return table.drop(columns=times, errors="ignore").to_csv(index=False)
    if name.endswith("manifest.json"):
        manifest = json.loads(content)
        manifest["final"].pop("probe_seconds", None)
        return json.dumps([manifest["status"], manifest["final"]])
    return content


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
