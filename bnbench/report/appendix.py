"""What the runs of a report were made with: the text of their configurations and manifests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bnbench.runs import Run

Record = Mapping[str, Any]
"""``config`` and ``manifest`` of a run, as its files have them."""

Fields = dict[str, str]
"""Dotted key -> value as JSON, of a run's configuration and manifest."""

NAMES = ("config.experiment", "manifest.experiment")
WITHOUT = "without"

READING = (
    "The configuration (config) and the manifest of the runs: first what most runs have in each"
    " field, then what all seeds of an experiment have otherwise, and what they lack. What is"
    " a single run's own stands in the manifest in its folder."
)


@dataclass(frozen=True)
class Listing:
    """A text as it is, under a title."""

    title: str
    text: str


def read_appendix(runs: Iterable[Run]) -> list[Record]:
    """Read what each run keeps of itself, sorted by experiment and seed."""
    records = [
        {
            "config": yaml.safe_load(run.config.read_text(encoding="utf-8")),
            "manifest": json.loads(run.manifest.read_text(encoding="utf-8")),
        }
        for run in runs
    ]
    return sorted(records, key=_whose)


def _whose(record: Record) -> tuple[str, int]:
    return record["manifest"]["experiment"], record["manifest"]["seed"]


def appendix(records: Sequence[Record]) -> list[Listing]:
    """Lay out every configuration and manifest, what experiments share once.

    A field is what its experiment says, else the usual value, unless the experiment is without it
    or has another value for the whole section. Keys are dotted, values JSON.
    """
    if not records:
        return []
    fields = [_fields(record) for record in records]
    usual = _usual(fields)
    by_experiment: dict[str, dict[int, Fields]] = {}
    for (experiment, seed), own in zip(map(_whose, records), fields, strict=True):
        unusual = {key: value for key, value in own.items() if usual.get(key) != value}
        if absent := [key for key in usual if not _says(own, key)]:
            unusual[WITHOUT] = ", ".join(absent)
        by_experiment.setdefault(experiment, {})[seed] = unusual
    return [
        Listing("usual values", _lines(usual)),
        *[Listing(name, _experiment(group)) for name, group in by_experiment.items()],
    ]


def _fields(record: Record) -> Fields:
    """List all fields but the experiment's name, which stands above them."""
    name = json.dumps(_whose(record)[0], ensure_ascii=False)
    return {key: value for key, value in _flat(record) if key not in NAMES or value != name}


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", json.dumps(value, ensure_ascii=False, default=str)


def _usual(runs: Sequence[Fields]) -> Fields:
    """Find the value that more than half of the runs have, field by field."""
    counts = {
        key: Counter(run[key] for run in runs if key in run).most_common(1)[0]
        for key in sorted({key for run in runs for key in run})
    }
    return {key: value for key, (value, count) in counts.items() if 2 * count > len(runs)}


def _says(fields: Fields, key: str) -> bool:
    """Whether a run has a field, or another value in place of a section that it is in."""
    parts = key.split(".")
    return any(".".join(parts[:depth]) in fields for depth in range(1, len(parts) + 1))


def _shared(runs: Sequence[Fields]) -> Fields:
    return {
        key: value
        for key, value in runs[0].items()
        if all(key in run and run[key] == value for run in runs)
    }


def _lines(fields: Fields) -> str:
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _experiment(by_seed: Mapping[int, Fields]) -> str:
    """Write the seeds of an experiment, and what all of them have."""
    seeds = ", ".join(map(str, sorted(by_seed)))
    return f"seeds: {seeds}\n{_lines(_shared(list(by_seed.values())))}"
