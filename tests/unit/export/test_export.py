"""Exports: tried by other libraries, refused where they would be wrong or overwrite something."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import bnbench
from bnbench.config import load_study
from bnbench.errors import BnbenchError
from bnbench.export import (
    export_crate,
    export_onnx,
    export_parquet,
    export_safetensors,
    export_tensorboard,
    network,
)
from bnbench.runs import Run
from tests.invoke import invoke
from tests.trained import trained


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Run:
    results = tmp_path_factory.mktemp("results")
    quick = ["data.dataset=digits", "training.epochs=1", "training.evaluate_every=null"]
    experiment = bnbench.load_experiment(root / "configs/lenet5_batchnorm.yaml", quick)
    return trained(experiment.model_copy(update={"experiment": "lenet5"}), results)


def logits(run: Run) -> tuple[torch.Tensor, torch.Tensor]:
    images = bnbench.load_data(run.read_experiment()).test
    assert images is not None
    with torch.inference_mode():
        return images.images, bnbench.load_model(run)(images.images)


def test_onnx_is_the_network_in_another_runtime(run: Run, tmp_path: Path) -> None:
    runtime: Any = pytest.importorskip("onnxruntime")
    agreement = export_onnx(run, tmp_path / "net.onnx")
    images, expected = logits(run)
    session = runtime.InferenceSession(str(tmp_path / "net.onnx"))
    for batch in (images[:1], images[:50]):  # the batch may have any size
        (found,) = session.run(["logits"], {"images": batch.numpy()})
        np.testing.assert_allclose(found, expected[: len(batch)], atol=1e-4)
    assert agreement.images == 297
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_safetensors_hold_the_weights(run: Run, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    export_safetensors(run, tmp_path / "net.safetensors")
    weights = torch.load(run.weights, weights_only=True)
    found = load_file(tmp_path / "net.safetensors")
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name].numpy()) for name in weights)


def test_a_network_that_answers_otherwise_is_not_left_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = network._logits
    changed = iter([torch.ones(10), torch.zeros(10), torch.zeros(10)])

    def other(model: Any, images: torch.Tensor) -> Any:
        return answers(model, images) * next(changed).numpy()

    monkeypatch.setattr(network, "_logits", other)
    with pytest.raises(BnbenchError, match=r"is not written: its network gives \d+ of 297"):
        export_safetensors(run, tmp_path / "net.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_parquet_holds_the_rows_of_the_logs(run: Run, tmp_path: Path) -> None:
    results = run.path.parents[1]
    assert [path.name for path in export_parquet(results, tmp_path / "t")] == [
        "epochs.parquet", "batches.parquet",
    ]  # fmt: skip
    epochs = pd.read_parquet(tmp_path / "t/epochs.parquet")
    pd.testing.assert_frame_equal(epochs, bnbench.load_results(results), check_dtype=False)
    batches = pd.read_parquet(tmp_path / "t/batches.parquet")
    log = pd.read_csv(run.batches)
    assert set(batches["experiment"]) == {"lenet5"}
    for name in ("epoch", "step", "examples", "loss", "accuracy"):
        assert np.array_equal(batches[name], log[name])


@pytest.mark.parametrize("name", ["epochs", "batches", "contrasts"])
def test_no_table_is_overwritten_unasked(run: Run, tmp_path: Path, name: str) -> None:
    """Nor is another one of the three written then."""
    results, there = run.path.parents[1], tmp_path / f"{name}.parquet"
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(BnbenchError, match="or give --overwrite"):
        export_parquet(results, tmp_path)
    assert there.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.glob("*.parquet")] == [there.name]
    written = export_parquet(results, tmp_path, overwrite=True)
    assert (there.read_bytes()[:4] == b"PAR1") == (there in written)


def test_parquet_holds_the_contrasts_of_a_study(
    root: Path, reference_runs: Path, tmp_path: Path
) -> None:
    """The reference's own table, which a report has written."""
    study = load_study(root / "configs/studies/cnn.yaml")
    for name in {one.experiment for one in study.experiments}:
        shutil.copytree(reference_runs / name, tmp_path / "results" / name)
    export_parquet(tmp_path / "results", tmp_path / "t", [study])
    found = pd.read_parquet(tmp_path / "t/contrasts.parquet")
    known = pd.read_csv(root / "results/reference/contrasts.csv.xz")
    known = known[known["study"] == study.name].reset_index(drop=True)
    assert list(found) == list(known)
    keys = ["contrast", "metric", "n", "paired_mean_difference", "p_adjusted"]
    pd.testing.assert_frame_equal(found[keys], known[keys], check_dtype=False)


def test_tensorboard_reads_the_epochs(run: Run, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = export_tensorboard(run.path.parents[1], tmp_path / "events")
    assert folder == tmp_path / "events/lenet5/seed-0"
    read = EventAccumulator(str(folder)).Reload()
    log = pd.read_csv(run.epochs)
    (loss,) = read.Scalars("loss/train")
    (accuracy,) = read.Scalars("accuracy/validation")
    assert (loss.step, accuracy.step) == (1, 1)
    np.testing.assert_allclose(
        [loss.value, accuracy.value],
        [log["train_loss"][0], log["validation_accuracy"][0]],
        rtol=1e-6,
    )
    with pytest.raises(BnbenchError, match="is there already"):
        export_tensorboard(run.path.parents[1], tmp_path / "events")


def test_an_archive_s_reader_finds_every_run_and_its_files(run: Run, tmp_path: Path) -> None:
    from rocrate.rocrate import ROCrate

    results = tmp_path / "results"
    shutil.copytree(run.path.parents[1], results)
    export_crate(results)
    crate = ROCrate(results)
    profile = "https://w3id.org/ro/wfrun/process/0.5"
    assert crate.root_dataset["conformsTo"].id == profile
    (action,) = crate.root_dataset["mentions"]
    assert (action.type, action["instrument"]["name"]) == ("CreateAction", "bnbench")
    assert datetime.fromisoformat(action["startTime"]) <= datetime.fromisoformat(action["endTime"])
    files = {*action["result"], action["object"][0]}
    assert {Path(one.source) for one in files} == {
        path for path in results.rglob("*") if path.is_file() and path.parent != results
    } - {results / "lenet5/seed-0/.lock"}
    for one in files:
        assert one["sha256"] == sha256(Path(one.source).read_bytes()).hexdigest()
    with pytest.raises(BnbenchError, match="is there already"):
        export_crate(results)


@pytest.mark.parametrize("option", ["--onnx", "--safetensors"])
def test_nothing_is_overwritten_unasked(run: Run, tmp_path: Path, option: str) -> None:
    there = tmp_path / "net"
    there.write_text("mine", encoding="utf-8")
    result = invoke("export", run.path, option, there)
    assert isinstance(result.exception, BnbenchError)
    assert str(there) in str(result.exception)
    assert there.read_text(encoding="utf-8") == "mine"


def test_a_missing_extra_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BnbenchError, match=r"onnxruntime: pip install 'bnbench\[export\]'"):
        export_onnx(run, tmp_path / "net.onnx")


def test_what_cannot_be_exported(run: Run, tmp_path: Path) -> None:
    result = invoke("export", run.path)
    assert "say what to write" in str(result.exception)
    result = invoke("export", run.path, "--safetensors", tmp_path / "none/net")
    assert "is no folder; make it first" in str(result.exception)
