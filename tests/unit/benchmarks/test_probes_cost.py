"""The table of what probes cost, of runs that tell seconds known beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import probes
from benchmarks.trained import Trained
from bnbench.config import load_experiment
from bnbench.probes import PROBES, probes_of


def told(looking: dict[str, float] | None) -> Trained:
    return Trained({"final": {"probe_seconds": looking}},
                   [{"train_seconds": "3.0", "evaluation_seconds": "1.0"}])  # fmt: skip


def test_a_run_takes_what_it_trains_evaluates_and_looks() -> None:
    assert probes.whole_seconds(told(None)) == 4
    assert probes.whole_seconds(told({"path": 0.5, "surface": 1.5})) == 6


def test_each_row_has_its_seconds_and_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def train(config: str, *options: str) -> list[Trained]:
        settings = [option for option in options if option != "-o"]
        kinds = [one.kind for one in probes_of(load_experiment(f"configs/{config}.yaml", settings))]
        asked.append(kinds)
        return [told(dict.fromkeys(kinds, 2.0) if kinds else None)]

    monkeypatch.setattr(probes, "trained", train)
    monkeypatch.setattr(probes, "ROUNDS", 1)
    rows: list[Any] = list(probes.rows_of(probes.measured()))
    others = [kind for kind in PROBES if kind != "surface"]
    both = ["activations", "gradients"]
    runs = [[], ["activations"], ["gradients"], both, both]
    assert asked == [*runs, others, ["surface"]]
    assert rows[0] == (probes.PLAIN, "4.00", "1.00", "")
    assert rows[3] == (probes.BOTH, "8.00", "2.00", "5.20")
    assert ("a look of `path`, 1,000 images", "1.00", "", "") in rows
    assert rows[-1] == (probes.SURFACE, "1.00", "", "60.00")
    assert len(rows) == len(runs) + len(PROBES)
