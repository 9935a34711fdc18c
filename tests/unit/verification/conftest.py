"""Real runs on scikit-learn's small digits, each made once and copied for whoever edits it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bnbench.config import load_experiment
from bnbench.runs import Run
from tests.trained import trained

SHORT = ["data.dataset=digits", "training.epochs=2", "training.batch_size=50"]
RECIPES: dict[str, tuple[str, list[str]]] = {
    # 28 batches of 1375 images, the last of 25, and 3 of 125: nothing is even
    "held_out": (
        "lenet5_batchnorm",
        ["training.evaluate_every=9", "probes=[{kind: gradients, every: 28, images: 50}]"],
    ),
    "published": ("published/mlp_batchnorm", ["training.drop_last=true", "training.batch_size=64"]),
    "diverged": (
        "mlp",
        ["training.evaluate_every=9", "training.optimizer={name: sgd, learning_rate: 1e7}"],
    ),
}

Train = Callable[[str, Sequence[str]], Run]
MakeRun = Callable[..., Run]


@pytest.fixture(scope="session")
def train(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Run a recipe on the digits at seed 0."""

    def run(recipe: str, overrides: Sequence[str] = ()) -> Run:
        results = tmp_path_factory.mktemp("results")
        experiment = load_experiment(root / "configs" / f"{recipe}.yaml", [*SHORT, *overrides])
        return trained(experiment, results)

    return run


@pytest.fixture(scope="session")
def originals(train: Train) -> dict[str, Run]:
    return {kind: train(*recipe) for kind, recipe in RECIPES.items()}


@pytest.fixture
def make_run(originals: dict[str, Run], tmp_path: Path) -> MakeRun:
    """Give a copy of a real run, to be broken."""

    def copy(kind: str = "held_out", seed: int = 0) -> Run:
        folder = tmp_path / kind / f"seed-{seed}"
        shutil.copytree(originals[kind].path, folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        for name in ("files", "seal"):  # they would show every edit, whatever else does
            manifest.pop(name)
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return Run(folder)

    return copy
