"""Only the very run that was trained answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from bnbench.cli import app
from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.prediction import predict, save_seen
from bnbench.runs import Run
from tests.closed import closed
from tests.edits import edit_text
from tests.trained import trained

SHORT = ["data.dataset=digits", "training.epochs=1", "training.batch_size=500"]


@pytest.fixture(scope="module")
def originals(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two seeds of one experiment."""
    results = tmp_path_factory.mktemp("results")
    experiment = load_experiment(root / "configs/lenet5.yaml", SHORT)
    return trained(experiment, results, 0), trained(experiment, results, 1)


@pytest.fixture
def run(originals: tuple[Run, Run], tmp_path: Path) -> Run:
    shutil.copytree(originals[0].path, tmp_path / "seed-0")
    return Run(tmp_path / "seed-0")


@pytest.fixture
def digit(tmp_path: Path) -> Path:
    image = np.zeros((28, 28), dtype=np.uint8)
    image[4:24, 13:15] = 255
    Image.fromarray(image).save(path := tmp_path / "one.png")
    return path


def refused(run: Run, digit: Path) -> str:
    with pytest.raises(BnbenchError) as caught:
        list(predict(run, [digit]))
    (line,) = caught.value.problems
    return line


def test_a_run_as_it_was_left(run: Run, digit: Path) -> None:
    (answer,) = predict(run, [digit])
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_only_what_it_needs_is_read(originals: tuple[Run, Run], public: Path, digit: Path) -> None:
    shutil.copytree(originals[0].path, public / "seed-0")
    image = Path(shutil.copy(digit, public))
    run = Run(public / "seed-0")
    with closed(run.batches, run.predictions):
        assert list(predict(run, [image]))
    with closed(run.weights):
        assert refused(run, image).startswith(f"{run.weights}: ")


def test_weights_of_another_run(run: Run, originals: tuple[Run, Run], digit: Path) -> None:
    shutil.copy(originals[1].weights, run.weights)
    assert refused(run, digit).startswith(f"{run.weights}: is not the file that the manifest lists")


@pytest.mark.parametrize("listed", [True, False])
def test_another_activation(run: Run, digit: Path, listed: bool) -> None:
    """Of a run of the first release, whose manifest lists no files, the configuration is known."""
    if not listed:
        run.read_manifest().changed(files={}).write(run.manifest)
    edit_text(run.config, "activation: tanh", "activation: relu")
    assert refused(run, digit).startswith(f"{run.config}: ")


def test_weights_that_are_no_numbers(run: Run, digit: Path) -> None:
    weights = {name: one * torch.nan for name, one in torch.load(run.weights).items()}
    torch.save(weights, run.weights)
    run.read_manifest().changed(files={}).write(run.manifest)
    assert refused(run, digit).startswith(f"{run.weights}: holds what is no finite number")


@pytest.mark.parametrize("dataset", ["digits", "folder"])
def test_what_is_no_image_keeps_back_no_answer(
    run: Run, digit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    """Nor does it keep back what is said of the others of its kind."""
    if dataset == "folder":  # its images are read in another way
        monkeypatch.setattr("bnbench.prediction.PREFIX", "digits")
    text, absent = tmp_path / "text.png", tmp_path / "absent.png"
    text.write_text("no image", encoding="utf-8")
    images = [str(path) for path in (digit, text, digit, absent, digit)]
    shown = ["--show", str(tmp_path / "seen.png"), "--json"]
    result = CliRunner().invoke(app, ["predict", str(run.path), *images, *shown])
    assert [row["image"] for row in json.loads(result.stdout)] == [str(digit)] * 3
    assert isinstance(result.exception, BnbenchError)
    bad, missing = result.exception.problems
    assert bad.startswith(f"{text}: is n")
    assert missing.startswith(f"{absent}: ")
    assert (tmp_path / "seen.png").exists()


def test_what_the_network_saw_is_written(run: Run, digit: Path, tmp_path: Path) -> None:
    answers = list(predict(run, [digit, digit]))
    save_seen(answers, tmp_path / "seen.png")
    with Image.open(tmp_path / "seen.png") as seen:
        assert seen.size == (2 * 8 * 28, 8 * 28)
        pixels = np.asarray(seen)
    assert np.array_equal(pixels[::8, ::8], np.hstack([answers[0].seen] * 2))
