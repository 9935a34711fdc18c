"""Files of a real run, damaged by hand: named by the command line, set aside, and never code."""

from __future__ import annotations

import pickle
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from bnbench.config import Experiment, load_experiment
from bnbench.execution.plan import plan_runs
from bnbench.runs import BatchRows, Run, run_directory
from bnbench.training import run_experiment
from tests import commands
from tests.edits import Hostile, content_of, edit_manifest, edit_text, saved, whole
from tests.files import contents, timeless
from tests.invoke import ended

SHORT = [
    "data.dataset=digits", "training.epochs=4", "training.batch_size=50", "model.widths=[64, 32]",
]  # fmt: skip


Train = Callable[[], subprocess.CompletedProcess[str]]
Refused = Callable[..., tuple[int, str]]
MakeRun = Callable[[str], Run]


@pytest.fixture(scope="module")
def experiment(root: Path) -> Experiment:
    return load_experiment(root / "configs/mlp.yaml", SHORT)


@pytest.fixture
def arguments(root: Path, tmp_path: Path) -> list[str]:
    overrides = [part for setting in SHORT for part in ("-o", setting)]
    return ["train", "-c", str(root / "configs/mlp.yaml"), *overrides, "--results", str(tmp_path)]


@pytest.fixture
def train(arguments: list[str]) -> Train:
    return lambda: commands.bnbench(*arguments)


@pytest.fixture
def bnbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Give a command line in this process, which saves its imports; nothing is trained there."""

    def run(*arguments: object) -> tuple[int, str]:
        return int(ended(monkeypatch, *arguments) or 0), "".join(capsys.readouterr())

    return run


def run_until(experiment: Experiment, seed: int, results: Path, epoch: int) -> Run:
    """Train up to the first batches of an epoch, as if the command had been interrupted."""
    with closing(run_experiment(experiment, seed, results)) as rows:  # type: ignore[type-var]
        for row in rows:
            if isinstance(row, BatchRows) and row.epoch == epoch:
                break
    return run_directory(results, experiment, seed)


@pytest.fixture(scope="module")
def originals(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs at seed 0, whole and stopped in its last epoch, and one at seed 1, stopped there."""
    stops = {"whole": (0, 5), "stopped": (0, 4), "neighbour": (1, 4)}
    return {
        name: run_until(experiment, seed, tmp_path_factory.mktemp(name), epoch)
        for name, (seed, epoch) in stops.items()
    }


@pytest.fixture
def make_run(originals: dict[str, Run], experiment: Experiment, tmp_path: Path) -> MakeRun:
    def copy(name: str) -> Run:
        run = run_directory(tmp_path, experiment, 0)
        shutil.copytree(originals[name].path, run.path)
        return run

    return copy


def hostile(made: Path) -> bytes:
    """Write a pickle in the form of a checkpoint that is whole."""
    return whole(pickle.dumps(Hostile(made), protocol=2))


def forged(latest: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Change a checkpoint's state, and make it whole again."""
    content = content_of(latest)
    change(content["state"])
    return whole(saved(content))


def shrink_a_layer(state: dict[str, Any]) -> None:
    state["model"]["output.weight"] = torch.zeros(3, 3)


@pytest.mark.parametrize("damage", ["cut", "another run", "hostile", "shape"])
def test_a_spoilt_checkpoint_is_named_and_the_one_before_it_used(
    damage: str, make_run: MakeRun, train: Train, originals: dict[str, Run], tmp_path: Path
) -> None:
    run, made = make_run("stopped"), tmp_path / "made by hostile code"
    latest, _ = run.checkpoints()
    spoilt = {
        "cut": latest.read_bytes()[:1000],
        "another run": originals["neighbour"].checkpoints()[0].read_bytes(),
        "hostile": hostile(made),
        "shape": forged(latest, shrink_a_layer),
    }[damage]
    latest.write_bytes(spoilt)
    done = train()
    assert done.returncode == 0, done.stderr
    why, goes_on = [line for line in done.stderr.splitlines() if line.startswith("bnbench: ")]
    assert why.startswith(f"bnbench: {latest}: ")
    assert why.endswith(f"; set aside as spoilt-{latest.name}")
    assert goes_on == f"bnbench: {run.path}: goes on after step 56"
    assert run.read_manifest().resumed_after_epochs == [2]
    assert timeless(run.path) == timeless(originals["whole"].path)
    assert not made.exists()
    pickle.loads(hostile(made))  # it would have been
    assert made.exists()


def test_without_a_usable_checkpoint_a_run_starts_over_and_says_so(
    make_run: MakeRun, train: Train, originals: dict[str, Run]
) -> None:
    run = make_run("stopped")
    checkpoints = run.checkpoints()
    assert len(checkpoints) == 2
    for path in checkpoints:
        path.write_bytes(b"")
    done = train()
    assert done.returncode == 0, done.stderr
    assert all(f"{path}: is " in done.stderr for path in checkpoints)
    assert f"{run.path}: starts over" in done.stderr
    assert run.read_manifest().resumed_after_epochs == []
    assert timeless(run.path) == timeless(originals["whole"].path)


def test_a_stopped_run_whose_log_was_cut_starts_over(
    make_run: MakeRun, train: Train, originals: dict[str, Run]
) -> None:
    run = make_run("stopped")
    run.batches.write_bytes(run.batches.read_bytes()[:200])
    done = train()
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("batches.csv; set aside") == 2
    assert f"{run.path}: starts over" in done.stderr
    assert timeless(run.path) == timeless(originals["whole"].path)


def test_a_stray_file_changes_no_estimate(make_run: MakeRun, experiment: Experiment) -> None:
    """Three of four epochs are done, whatever the name of an empty file says."""
    run = make_run("stopped")
    (run.path / "checkpoint-99999-000000001.pt").touch()
    plan = plan_runs([experiment], [0], run.path.parents[1])
    assert [(task.epochs_kept, task.epochs_left) for task in plan.tasks] == [(3, 1)]


@pytest.mark.parametrize(("row", "steps"), [("train,3,", 56), ("train,1,", None)])
def test_a_stopped_run_whose_log_was_edited_goes_on_from_before_the_edit(
    row: str, steps: int | None, make_run: MakeRun, train: Train, originals: dict[str, Run]
) -> None:
    """An answer more was right: each row, by itself, is one that bnbench could have written."""
    run = make_run("stopped")
    lines = run.batches.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.startswith(row))
    cells = lines[place].rstrip("\n").split(",")
    lines[place] = ",".join([*cells[:-1], "0.98"]) + "\n"
    assert cells[-1] != "0.98"
    run.batches.write_text("".join(lines), encoding="utf-8")
    latest, before = run.checkpoints()
    done = train()
    assert done.returncode == 0, done.stderr
    *refused, last = [line for line in done.stderr.splitlines() if line.startswith("bnbench: ")]
    assert [line.partition("; ")[2] for line in refused] == [
        f"set aside as spoilt-{path.name}" for path in ([latest] if steps else [latest, before])
    ]
    goes_on = f"goes on after step {steps}" if steps else "starts over"
    assert last == f"bnbench: {run.path}: {goes_on}"
    assert timeless(run.path) == timeless(originals["whole"].path)


def cut_log(run: Run) -> None:
    run.epochs.write_bytes(run.epochs.read_bytes()[:-20])


def change_digit(run: Run) -> None:
    text = run.batches.read_text(encoding="utf-8")
    run.batches.write_text(text.replace("train,2,", "train,3,", 1), encoding="utf-8")


def lose_weights(run: Run) -> None:
    run.weights.unlink()


def change_hashes(run: Run) -> None:
    edit_manifest(run, seal=None, files=run.read_manifest().files | {"weights.pt": "0" * 64})


def change_seed(run: Run) -> None:
    edit_manifest(run, seal=None, seed=5)


def claim_completion(run: Run) -> None:
    edit_manifest(run, seal=None, status="complete")


@pytest.mark.parametrize(
    ("kind", "damage", "reason"),
    [
        ("whole", cut_log, "epochs.csv"),
        ("whole", change_digit, "batches.csv"),
        ("whole", lose_weights, "weights.pt"),
        ("whole", change_hashes, "weights.pt"),
        ("whole", change_seed, "seed"),
        ("stopped", claim_completion, "weights.pt"),
    ],
)
def test_an_edited_run_is_neither_believed_nor_replaced(
    kind: str,
    damage: Callable[[Run], None],
    reason: str,
    make_run: MakeRun,
    bnbench: Refused,
    arguments: list[str],
) -> None:
    run = make_run(kind)
    damage(run)
    before = contents(run.path)
    code, said = bnbench(*arguments)
    assert code == 2
    assert f"{run.path}: holds a run that differs in {reason}" in said
    assert contents(run.path) == before
    code, said = bnbench("verify", run.path)
    assert code == 1
    named = run.manifest if damage is change_seed else reason
    assert f"{run.path / named}: " in said


def improve(run: Run) -> None:
    edit_manifest(run, final={"test_accuracy": 1.0})


def change_torch(run: Run) -> None:
    edit_text(run.manifest, '"torch": "', '"torch": "1')


@pytest.mark.parametrize("damage", [improve, change_torch])
@pytest.mark.parametrize("kind", ["whole", "stopped"])
def test_an_edited_manifest_is_not_believed(
    kind: str, damage: Callable[[Run], None], make_run: MakeRun, bnbench: Refused,
    arguments: list[str],
) -> None:  # fmt: skip
    run = make_run(kind)
    damage(run)
    before = contents(run.path)
    said = f"{run.manifest}: was edited since"
    code, found = bnbench(*arguments)
    assert (code, found.count("\n")) == (2, 1)
    assert found.startswith(f"bnbench: {said}")
    code, found = bnbench("verify", run.path)
    assert code == 1
    assert found.startswith(said)
    assert contents(run.path) == before


def test_a_manifest_that_is_none_is_named(
    make_run: MakeRun, bnbench: Refused, arguments: list[str]
) -> None:
    run = make_run("whole")
    run.manifest.write_bytes(run.manifest.read_bytes()[:300])
    code, said = bnbench(*arguments)
    assert code == 2
    assert said.startswith(f"bnbench: {run.manifest}: is no manifest")
    assert said.count("\n") == 1


def test_weights_are_never_code(make_run: MakeRun, bnbench: Refused, tmp_path: Path) -> None:
    run, made = make_run("whole"), tmp_path / "made by hostile code"
    run.weights.write_bytes(hostile(made))
    assert bnbench("verify", run.path)[0] == 1
    code, said = bnbench("predict", run.path, tmp_path / "seven.png")
    assert code == 2
    assert said.startswith(f"bnbench: {run.weights}: ")
    assert said.count("\n") == 1
    assert not made.exists()
