"""Probes leave no trace in the training, and their files survive a kill; each kind is tried."""

from __future__ import annotations

from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnbench.config import Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.probes import PROBES
from bnbench.probes.direct_passage import DirectPasses
from bnbench.probes.passage import direct_passes
from bnbench.runs import EpochRow, Run
from bnbench.training import run_experiment
from bnbench.training.experiment import run_seeds
from tests.files import timeless
from tests.trained import trained

SHORT = [
    "data.dataset=digits", "data.train_examples=400", "training.epochs=2",
    "training.batch_size=32", "model.dropout=0.2",
]  # fmt: skip
STEPS = 26  # 13 an epoch
EVERY = 5  # steps, so that a kill after an epoch falls between two looks
QUICK = {"surface": ", points: 5", "trajectory": ", points: 5", "sharpness": ", iterations: 1"}


def experiment(
    root: Path, probes: str, *more: str, config: str = "lenet5_batchnorm_all"
) -> Experiment:
    return load_experiment(root / f"configs/{config}.yaml", [*SHORT, f"probes={probes}", *more])


def same(one: Run, other: Run) -> bool:
    """Tell whether all that the training left is equal; only probes and their times may differ."""
    left, others = (timeless(run.path) for run in (one, other))
    return all(left[name] == others[name] for name in ("batches.csv", "epochs.csv", "weights.pt"))


def stopped_and_resumed(one: Experiment, results: Path) -> Run:
    with closing(run_seeds(one, [0], results)) as stopped:
        list(takewhile(lambda row: not isinstance(row[1], EpochRow), stopped))
        next(stopped)  # past the checkpoint
    resumed = trained(one, results)
    assert resumed.read_manifest().resumed_after_epochs == [1]
    return resumed


@pytest.fixture(scope="module")
def plain(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(experiment(root, "[]"), tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("kind", PROBES)
def test_a_probe_leaves_no_trace_and_survives_a_kill(
    root: Path, tmp_path: Path, plain: Run, kind: str
) -> None:
    one = experiment(root, f"[{{kind: {kind}, every: {EVERY}, images: 64{QUICK.get(kind, '')}}}]")
    whole = trained(one, tmp_path / "whole")
    assert same(whole, plain)
    resumed = stopped_and_resumed(one, tmp_path / "stopped")
    assert same(resumed, plain)
    assert resumed.probe(kind).read_bytes() == whole.probe(kind).read_bytes()
    manifest = whole.read_manifest()
    assert manifest.files.keys() >= {f"probes/{kind}.npz", "weights.pt"}
    assert (manifest.final.probe_seconds or {})[kind] > 0
    with np.load(whole.probe(kind)) as looks:
        assert looks["step"].tolist() == list(range(0, STEPS + 1, EVERY))
        assert all(len(looks[name]) == len(looks["step"]) for name in looks.files)
        single = {name.rpartition(".")[2] for name in looks.files if looks[name].ndim == 1}
    assert single == {"step", *PROBES[kind].quantities}
    assert whole.probe(kind).stat().st_size < 5_000_000


def test_passes_by_the_kernels_of_the_training(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both probes share one, it leaves no trace, and a probe that needs none takes no memory."""
    made = []

    def counted(*arguments: Any) -> Any:
        made.append(direct_passes(*arguments))
        return made[-1]

    monkeypatch.setattr("bnbench.training.looking.direct_passes", counted)
    chain = ("model.dropout=0", "training.kernels=batch_last")
    path, *both = (
        f"{{kind: {kind}, every: {EVERY}, images: 64}}"
        for kind in ("path", "activations", "gradients")
    )
    other = trained(experiment(root, f"[{path}]", *chain), tmp_path / "path")
    assert made == []
    wanted = experiment(root, f"[{', '.join(both)}]", *chain)
    whole = trained(wanted, tmp_path / "both")
    assert [type(passes) for passes in made] == [DirectPasses]
    assert same(whole, other)
    resumed = stopped_and_resumed(wanted, tmp_path / "stopped")
    for kind in ("activations", "gradients"):
        assert resumed.probe(kind).read_bytes() == whole.probe(kind).read_bytes()


def test_all_probes_together_are_the_same_as_each_alone(root: Path, tmp_path: Path) -> None:
    alone = f"{{kind: gradients, every: {EVERY}, images: 64}}"
    one = trained(experiment(root, f"[{alone}]"), tmp_path / "one")
    both = trained(
        experiment(root, f"[{{kind: activations, every: 5, images: 32}}, {alone}]"), tmp_path
    )
    assert one.probe("gradients").read_bytes() == both.probe("gradients").read_bytes()


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ("[{kind: activation}]", "probes.0.kind: there is no probe 'activation'; did you mean"),
        ("[{kind: gradients, evry: 3}]", "probes.0.evry: "),
        ("[{kind: gradients, layers: [C2]}]", "there is no hidden layer 'C2'; did you mean 'C"),
        ("[{kind: gradients, every: 0}]", "probes.0.every"),
        (
            "[{kind: gradients, every: 5, images: 99999}]",
            "99999 are more than the 400 training images",
        ),
        ("[{kind: gradients, every: 27, images: 64}]", "27 steps are more than the 26 of the run"),
        ("[{kind: gradients}, {kind: gradients}]", "probes.1.kind: gradients stands here a second"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    root: Path, tmp_path: Path, probes: str, message: str
) -> None:
    with pytest.raises(BnbenchError) as caught:
        trained(experiment(root, probes), tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("manifest.json"))


def test_too_many_looks_are_refused_before_the_first_step(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnbench.training.looking.MOST_BYTES", 3_000)
    with pytest.raises(BnbenchError, match=r"27 looks would leave .*; set every to \d+ or more"):
        trained(experiment(root, "[{kind: activations, every: 1, images: 8}]"), tmp_path)
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_stack_cannot_be_looked_into(root: Path, tmp_path: Path) -> None:
    one = load_experiment(
        root / "configs/mlp.yaml", [*SHORT[:3], "training.stack=2", "probes=[{kind: gradients}]"]
    )
    with pytest.raises(BnbenchError, match=r"training\.stack: a probe looks at one network"):
        trained(one, tmp_path)


def test_probes_are_a_part_of_a_runs_identity(root: Path, tmp_path: Path, plain: Run) -> None:
    """Another period is another run; without probes the hash is that of the first release."""
    one = experiment(root, "[{kind: gradients, every: 9, images: 16}]")
    found = trained(one, tmp_path)
    changes: dict[str, Any] = {"probes": (one.probes[0].model_copy(update={"every": 10}),)}
    with pytest.raises(BnbenchError, match="differs in probes"):
        list(run_experiment(one.model_copy(update=changes), 0, tmp_path))
    assert "bnbench.probes.gradients" in found.read_manifest().code
    assert not any("probes" in module for module in plain.read_manifest().code)


def test_an_edited_file_of_a_probe_is_found(root: Path, tmp_path: Path) -> None:
    one = experiment(root, "[{kind: gradients, every: 20, images: 16}]")
    found = trained(one, tmp_path)
    with found.probe("gradients").open("ab") as file:
        file.write(b"more")
    with pytest.raises(BnbenchError, match=r"probes/gradients\.npz \(changed since it ended\)"):
        list(run_experiment(one, 0, tmp_path))
