"""A step by the fused kernel is the optimizer's own, to the bit, and needs no compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bnbench.config import AdamSettings, OptimizerSettings, SGDSettings
from bnbench.training.optimizer import build_optimizer, take_step

OPTIMIZERS: list[OptimizerSettings] = [
    AdamSettings(name="adam", learning_rate=0.01, beta1=0.8, weight_decay=0.1, epsilon=1e-4),
    AdamSettings(name="adam"),
    SGDSettings(name="sgd", momentum=0.9, weight_decay=0.01),
]


@pytest.mark.parametrize("settings", OPTIMIZERS, ids=["adam with decay", "adam", "sgd"])
def test_a_step_is_the_optimizer_s(settings: OptimizerSettings) -> None:
    generator = torch.Generator().manual_seed(0)
    parameters = [nn.Parameter(torch.linspace(-1, 1, 1001)) for _ in range(2)]
    ours, theirs = (build_optimizer(one, settings) for one in parameters)
    for step in range(20):
        gradient = torch.randn(1001, generator=generator) * 10 ** (step % 7 - 5)
        for parameter in parameters:
            parameter.grad = gradient.clone()
        take_step(ours)
        theirs.step()
        assert torch.equal(*parameters)
    kept = [one.state_dict()["state"][0] for one in (ours, theirs)]
    assert kept[0].keys() == kept[1].keys()
    assert all(
        torch.equal(kept[0][name], kept[1][name]) for name in kept[0] if kept[0][name] is not None
    )


RUNS = """
import sys
from pathlib import Path
from bnbench import load_experiment, run_experiment

for name in ("adam", "sgd"):
    settings = ["data.dataset=digits", "training.epochs=2", f"training.optimizer={{name: {name}}}"]
    experiment = load_experiment("configs/mlp.yaml", settings)
    results = Path(sys.argv[1]) / name
    rows = run_experiment(experiment, 0, results)
    assert any(row.epoch == 2 for row in rows)
    rows.close()
    assert {row.epoch for row in run_experiment(experiment, 0, results)} == {2}
print([name for name in ("torch._dynamo", "sympy", "triton", "numba") if name in sys.modules])
"""


def test_no_run_imports_a_compiler(root: Path, tmp_path: Path) -> None:
    """It takes longer than a short run, and that of kernels half a second: none needs them here."""
    line = [sys.executable, "-c", RUNS, str(tmp_path)]
    done = subprocess.run(line, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
