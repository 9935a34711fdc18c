"""The first losses of every recipe at seed 0 are the recorded ones.

``make golden`` records them anew. Do that after a change that is meant to change numbers, and read
the diff: each line is one step.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch

from bnbench.config import Experiment, configuration_hash, load_experiment
from bnbench.runs import processor_kind, versions, write_text
from bnbench.verification import STEPS, TOLERANCE, promised_steps, repeat
from bnbench.verification.logs import read_batches

GOLDEN = Path(__file__).parent
CONFIGS = GOLDEN.parents[1] / "configs"
RECIPES = [
    path.relative_to(CONFIGS).with_suffix("").as_posix()
    for path in sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("published/*.yaml")])
]


def load(recipe: str) -> Experiment:
    return load_experiment(CONFIGS / f"{recipe}.yaml", device="cpu")


def recorded(recipe: str) -> dict[str, Any]:
    text = (GOLDEN / f"{recipe}.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def record(experiment: Experiment, folder: Path, data_dir: Path | None = None) -> dict[str, Any]:
    """Do the first steps; losses in nats, the shortest decimals that give the same float32."""
    run = repeat(experiment, 0, folder, STEPS, data_dir)
    losses = read_batches(run).of_training(STEPS).cells["loss"]
    return {
        "configuration_hash": configuration_hash(experiment),
        "made_on": made_on(),
        "losses": [float(cell) for cell in losses],
    }


def made_on() -> dict[str, Any]:
    """Say on what the last bits depend."""
    packages = {name: versions()[name] for name in ("torch", "torchvision", "numpy")}
    instructions = torch.backends.cpu.get_cpu_capability()
    return {**packages, "processor": processor_kind(), "instructions": instructions}


@pytest.mark.parametrize("recipe", RECIPES)
def test_first_losses(recipe: str, data_dir: Path, tmp_path: Path) -> None:
    experiment, golden = load(recipe), recorded(recipe)
    now = record(experiment, tmp_path, data_dir)
    assert now["configuration_hash"] == golden["configuration_hash"], "make golden, read the diff"
    assert len(golden["losses"]) == STEPS
    if now["made_on"] == golden["made_on"]:
        assert now["losses"] == golden["losses"]
    else:
        first = slice(promised_steps(experiment))
        np.testing.assert_allclose(now["losses"][first], golden["losses"][first], 0, TOLERANCE)


def test_every_recipe_is_recorded_and_nothing_else() -> None:
    files = [path.relative_to(GOLDEN).with_suffix("").as_posix() for path in GOLDEN.rglob("*.json")]
    assert sorted(files) == sorted(RECIPES)


def renew() -> None:
    for recipe in RECIPES:
        with TemporaryDirectory() as folder:
            golden = record(load(recipe), Path(folder))
        write_text(GOLDEN / f"{recipe}.json", json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    renew()
