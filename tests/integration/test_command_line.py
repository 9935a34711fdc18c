"""The program as a user meets it: whole commands, on scikit-learn's small digits for speed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bnbench.config import load_experiment
from bnbench.prediction import predict
from bnbench.runs import Run
from tests.commands import bnbench, imported
from tests.files import rows, timeless


def train(root: Path, results: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return bnbench(
        "train",
        *("--config", root / "configs/lenet5.yaml"),
        *("--config", root / "configs/lenet5_batchnorm.yaml"),
        *("-o", "data.dataset=digits", "-o", "training.epochs=2"),
        *("--results", results),
        *arguments,
    )


def manifest_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "weights.pt", weights_only=True)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments at two seeds, two side by side, in a folder with an awkward name."""
    results = tmp_path_factory.mktemp("with spaces and ü") / "results"
    done = train(root, results, "--seeds", 2, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return results


def run_folders(results: Path) -> list[Path]:
    return sorted(path.parent for path in results.rglob("manifest.json"))


def test_train_writes_the_promised_files(trained: Path) -> None:
    folders = run_folders(trained)
    assert len(folders) == 4
    for folder in folders:
        names = {path.name for path in folder.iterdir()} - {".lock"}
        assert names == {
            "config.yaml", "manifest.json", "batches.csv", "epochs.csv", "evaluations.csv",
            "losses.npz", "test_predictions.npy", "weights.pt",
        }  # fmt: skip
        manifest = manifest_of(folder)
        assert manifest["status"] == "complete"
        assert manifest["seed"] == int(folder.name.removeprefix("seed-"))
        assert manifest["dataset"]["validation_is_test_file"] is False
        assert manifest["final"]["test_accuracy"] > 0.5
        epochs = rows(folder / "epochs.csv")
        assert [row["epoch"] for row in epochs] == ["1", "2"]
        assert float(epochs[-1]["validation_accuracy"]) == manifest["final"]["validation_accuracy"]


def test_test_accuracy_is_the_test_file_s(trained: Path) -> None:
    """By a pass of PyTorch's own modules over the last 297 digits, in one batch."""
    from bnbench.data import data_folder, load_splits
    from bnbench.models import build_model, resolve_model

    for folder in run_folders(trained)[::2]:
        experiment = load_experiment(folder / "config.yaml")
        splits = load_splits(experiment.data, data_folder())
        test = splits.test
        assert test is not None
        assert len(test.labels) == 297
        model = build_model(resolve_model(experiment)).eval()
        model.load_state_dict(weights(folder))
        with torch.no_grad():
            right = (model(test.images).argmax(dim=1) == test.labels).double().mean().item()
        manifest = manifest_of(folder)
        assert manifest["final"]["test_accuracy"] == pytest.approx(right, abs=1.1 / 297)
        assert manifest["final"]["test_accuracy"] != manifest["final"]["validation_accuracy"]
        commonest = [  # of naming one class always, the best score
            max((split.labels == digit).double().mean().item() for digit in range(10))
            for split in (splits.validation, test)
        ]
        assert manifest["dataset"]["commonest_class"] == pytest.approx(max(commonest))
        assert manifest["dataset"]["commonest_test_class"] == pytest.approx(commonest[1])


def test_published_split_says_that_validation_is_the_test_file(root: Path, tmp_path: Path) -> None:
    done = bnbench(
        "train", "-c", root / "configs/published/mlp_batchnorm.yaml", "-o", "data.dataset=digits",
        "-o", "training.epochs=1", "-o", "data.train_examples=64", "-o", "training.threads=2",
        "--results", tmp_path, workers="forkserver",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = run_folders(tmp_path)
    manifest = manifest_of(folder)
    assert manifest["dataset"]["validation_is_test_file"] is True
    assert manifest["machine"]["threads"] == 2
    assert "test_accuracy" not in manifest["final"]


def test_batches_are_logged_each_with_its_step(trained: Path) -> None:
    batches = rows(run_folders(trained)[0] / "batches.csv")
    assert list(batches[0]) == ["split", "epoch", "step", "examples", "loss", "accuracy"]
    steps = [int(row["step"]) for row in batches if row["split"] == "train"]
    per_epoch = -(-1375 // 64)  # 1,500 digits less a twelfth
    assert steps == list(range(1, 2 * per_epoch + 1))
    validation = [row for row in batches if row["split"] == "validation"]
    assert [int(row["step"]) for row in validation] == [per_epoch] * 2 + [2 * per_epoch] * 2
    assert sum(int(row["examples"]) for row in validation) == 2 * 125


def test_one_at_a_time_gives_the_same_bytes(root: Path, trained: Path, tmp_path: Path) -> None:
    done = train(root, tmp_path, "--seed", 1, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    folders = run_folders(tmp_path)
    assert len(folders) == 2
    for folder in folders:
        assert timeless(folder) == timeless(trained / folder.relative_to(tmp_path))


def test_another_seed_gives_another_run(trained: Path) -> None:
    first, second = run_folders(trained)[:2]
    assert (first / "batches.csv").read_bytes() != (second / "batches.csv").read_bytes()


def test_finished_runs_are_recognised(root: Path, trained: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*") if path.is_file()}
    done = train(root, trained, "--seeds", 2)
    assert done.returncode == 0
    assert "4 of 4 runs are finished already" in done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_train_for_programs(root: Path, trained: Path) -> None:
    done = train(root, trained, "--seeds", 2, "--json")
    said = json.loads(done.stdout)
    assert [run["seed"] for run in said] == [0, 0, 1, 1]
    assert said[0]["test_accuracy"] == manifest_of(Path(said[0]["run"]))["final"]["test_accuracy"]


def test_another_configuration_is_never_mixed_in(root: Path, trained: Path) -> None:
    folder = run_folders(trained)[0]
    config = folder.parent.parent / "changed.yaml"
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    config.write_text(text.replace("batch_size: 64", "batch_size: 32"), encoding="utf-8")
    before = (folder / "manifest.json").read_bytes()
    done = bnbench("train", "-c", config, "--results", trained)
    assert done.returncode == 2
    assert "training.batch_size: 64 there, 32 here" in done.stderr
    assert "--fresh" in done.stderr
    assert (folder / "manifest.json").read_bytes() == before


def test_predict_alone_gives_what_it_gives_among_others(
    root: Path, trained: Path, tmp_path: Path
) -> None:
    from bnbench.config import DataSettings
    from bnbench.data import load_splits

    split = load_splits(
        DataSettings(dataset="digits", scaling="unit", resize="none", split="published"), tmp_path
    ).validation
    paths = []
    for index in range(8):
        pixels = (split.images[index, 0] * 255).round().numpy().astype(np.uint8)
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(pixels).save(paths[-1])
    run = run_folders(trained)[-1]
    expected = probabilities_in_evaluation_mode(run, tmp_path)
    for prediction, row in zip(predict(Run(run), paths), expected, strict=False):
        np.testing.assert_allclose(list(prediction.probabilities.values()), row, atol=1e-5)
    together = bnbench("predict", run, *paths)
    assert together.returncode == 0, together.stderr
    lines = [line.split() for line in together.stdout.splitlines()[-8:]]
    alone = bnbench("predict", run, paths[0]).stdout.splitlines()[-1].split()
    assert lines[0][1:] == alone[1:]
    (said,) = json.loads(bnbench("predict", run, paths[0], "--json").stdout)
    np.testing.assert_allclose([*said["probabilities"].values()], expected[0], atol=1e-5)
    assert said["class"] == alone[1]
    right = sum(int(line[1]) == label for line, label in zip(lines, split.labels, strict=False))
    assert right >= 5


def probabilities_in_evaluation_mode(run: Path, data_dir: Path) -> list[list[float]]:
    """Of the first 8 test digits, in one batch, from the weights alone."""
    from bnbench.data import load_splits
    from bnbench.models import build_model, resolve_model

    experiment = load_experiment(run / "config.yaml")
    test = load_splits(experiment.data, data_dir).test
    assert test is not None
    model = build_model(resolve_model(experiment)).eval()
    model.load_state_dict(weights(run))
    with torch.no_grad():
        rows: list[list[float]] = model(test.images[:8]).softmax(dim=1).tolist()
    return rows


def test_compare_writes_figures_and_tables(trained: Path, tmp_path: Path) -> None:
    plain, normalized = sorted({folder.parent for folder in run_folders(trained)})
    done = bnbench("compare", plain, normalized, "--out", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    suffixes = {path.suffix for path in (tmp_path / "figures").rglob("*") if path.is_file()}
    assert suffixes == {".png", ".svg", ".csv", ".md"}
    done = bnbench("compare", plain, normalized, "--out", tmp_path / "again", "--json")
    said = json.loads(done.stdout)
    assert {row["experiment"] for row in said["experiments"]} == {plain.name, normalized.name}
    assert all(Path(path).is_file() for path in said["files"])
    assert len(said["conclusions"]) == 1


REFUSED = [
    (["-o", "training.epoch=3"], "-o training.epoch=3: training.epoch: there is no such key; did"),
    (["-o", "data.dataset=mnits"], "data.dataset"),
    (["-o", "data.resize=none"], "data.resize: LeNet5 takes images of 32 x 32 pixels"),
    (["-o", "data.train_examples=99999"], "data.train_examples"),
    (["--device", "mps"], "training.device: PyTorch finds no mps device here; use cpu or auto"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_bad_input_is_one_line_and_code_2(
    root: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = bnbench(
        "train", "-c", root / "configs/lenet5.yaml", "-o", "data.dataset=digits", *arguments,
        "--results", tmp_path / "results",
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "results").exists()


def test_all_problems_of_all_configs_at_once(root: Path, tmp_path: Path) -> None:
    for name, key in (("a", "epoch"), ("b", "bacth_size")):
        text = f"experiment: {name}\nmodel: {{name: LeNet5}}\ntraining: {{{key}: 3}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    done = bnbench("train", "-c", tmp_path / "a.yaml", "-c", tmp_path / "b.yaml")
    assert done.returncode == 2
    assert "did you mean 'epochs'?" in done.stderr
    assert "did you mean 'batch_size'?" in done.stderr


@pytest.mark.parametrize(
    ("name", "overrides", "remedy"),
    [
        ("mlp_batchnorm", ["training.batch_size=1"], "choose another batch_size"),
        # 1,375 = 687 * 2 + 1
        ("mlp_batchnorm", ["training.batch_size=2"], "training.drop_last: true"),
    ],
)
def test_a_batch_of_one_in_front_of_batch_norm(
    root: Path, tmp_path: Path, name: str, overrides: list[str], remedy: str
) -> None:
    options = [part for text in overrides for part in ("-o", text)]
    config = root / "configs" / f"{name}.yaml"
    done = bnbench("train", "-c", config, "-o", "data.dataset=digits", *options,
                   "--results", tmp_path / "results")  # fmt: skip
    assert done.returncode == 2
    assert "training.batch_size" in done.stderr
    assert remedy in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_batch_larger_than_the_split_and_left_out(root: Path, tmp_path: Path) -> None:
    done = train(root, tmp_path, "-o", "training.batch_size=2000", "-o", "training.drop_last=true")
    assert done.returncode == 2
    assert "1375 examples are less than one batch" in done.stderr


def test_two_configs_of_one_name(root: Path, tmp_path: Path) -> None:
    config = root / "configs/lenet5.yaml"
    done = bnbench("train", "-c", config, "-c", config, "--results", tmp_path)
    assert done.returncode == 2
    assert "two of the configs carry this experiment's name" in done.stderr


def test_a_large_batch_and_odd_weights_do_not_stop_the_estimate(root: Path, tmp_path: Path) -> None:
    done = bnbench(
        "train", "-c", root / "configs/mlp.yaml", "-o", "data.dataset=digits",
        "-o", "training.batch_size=60000", "-o", "training.initialization.bias=1e30",
        "-o", "training.epochs=1", "--results", tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "diverged" in done.stdout


def test_a_run_s_folder_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mlp").write_text("a file", encoding="utf-8")
    config = tmp_path / "mlp.yaml"
    text = (root / "configs/mlp.yaml").read_text(encoding="utf-8")
    config.write_text(text.replace("dataset: mnist", "dataset: digits"), encoding="utf-8")
    done = bnbench("train", "-c", config, "--results", tmp_path)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_loss_that_is_no_number(root: Path, tmp_path: Path) -> None:
    done = bnbench(
        "train", "-c", root / "configs/mlp.yaml", "-o", "data.dataset=digits",
        "-o", "training.optimizer.learning_rate=1e30", "--results", tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "diverged" in done.stdout
    (folder,) = run_folders(tmp_path)
    manifest = manifest_of(folder)
    assert manifest["status"] == "diverged"
    assert "not finite at step" in manifest["error"]
    batches = rows(folder / "batches.csv")
    assert batches[-1]["loss"] in ("nan", "inf")
    assert [row["loss"] for row in batches[:-1] if row["loss"] in ("nan", "inf")] == []
    assert not (folder / "weights.pt").exists()


def test_models_lists_every_architecture() -> None:
    done = bnbench("models")
    for words in ("LeNet5_BatchNorm", "61,750", "535,818", "59,978"):
        assert words in done.stdout
    assert bnbench("models", "LeNet7").returncode == 2


def test_list_says_what_is_there(trained: Path) -> None:
    done = bnbench("list", trained.name, cwd=trained.parent)
    assert done.returncode == 0
    changed = "@data.dataset=digits,training.epochs=2"
    assert [re.split(" {2,}", line)[:4] for line in done.stdout.splitlines()[1:]] == [
        [name + changed, "0, 1", "2 complete", "2"] for name in ("lenet5", "lenet5_batchnorm")
    ]
    assert bnbench("list", cwd=trained.parent).stdout == done.stdout  # results by default
    nothing = bnbench("list", trained / "none")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 1)


def test_help_loads_nothing_heavy() -> None:
    heavy = {"torch", "torchvision", "pandas", "matplotlib", "pydantic", "numpy"}
    assert imported("--help").isdisjoint(heavy)


def test_a_notebook_s_backend_is_no_matter_of_a_command(root: Path, tmp_path: Path) -> None:
    """Jupyter and Colab set it for every program that they start."""
    runs = root / "results/reference/runs/published"
    command = [sys.executable, "-m", "bnbench", "compare", runs / "lenet5/seed-0"]
    done = subprocess.run(
        [*map(str, command), "--out", str(tmp_path)],
        env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.png"))
