"""A manifest for tests that are about something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bnbench.runs import Manifest


def a_manifest(**changes: Any) -> Manifest:
    """Make a complete run's manifest; a change that is a dict changes entries of a section."""
    fields: dict[str, Any] = {
        "experiment": "some",
        "seed": 0,
        "status": "complete",
        "configuration_hash": "a" * 64,
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
        "machine": {"processor": "none", "device": "cpu", "threads": 1},
        "started": "2026-01-01T00:00:00+00:00",
        "final": {},
    }
    for name, value in changes.items():
        section = fields.get(name)
        both = isinstance(section, dict) and isinstance(value, dict)
        fields[name] = {**section, **value} if both and section else value
    return Manifest.model_validate(fields)


def write_manifest(folder: Path, seed: int, status: str = "complete", **changes: Any) -> Path:
    """Write one without a seal, whatever it says, into a folder of this seed."""
    content = a_manifest(seed=seed).content() | {"status": status}
    path = folder / f"seed-{seed}" / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content | changes), encoding="utf-8")
    return path
