"""Runs in a real MLflow server on the loopback, with its SQLite; `make test-all` installs it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pandas as pd
import pytest

import bnbench
from tests.commands import bnbench as command

SERVER = shutil.which(os.environ.get("MLFLOW_SERVER", "mlflow"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        SERVER is None or find_spec("mlflow") is None,
        reason="needs MLflow's client and server: `make test-all` installs both",
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        [Path(str(SERVER)).absolute(), "server", "--workers", "1", "--host", "127.0.0.1",
         "--port", port, "--backend-store-uri", f"sqlite:///{folder}/runs.db"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/health")
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail("the server does not answer")


def ask(server: str, what: str, **content: Any) -> dict[str, Any]:
    """Ask by HTTP alone, not by the client that wrote the runs."""
    request = Request(
        f"{server}/api/2.0/mlflow/{what}",
        data=json.dumps(content).encode() if content else None,
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_runs_arrive_once_with_their_numbers(server: str, root: Path, tmp_path: Path) -> None:
    quick = ["data.dataset=digits", "training.epochs=2", "training.evaluate_every=null"]
    experiment = bnbench.load_experiment(root / "configs/lenet5.yaml", quick)
    for seed in (0, 1):
        assert list(bnbench.run_experiment(experiment, seed, tmp_path / "results"))
    for count in (2, 0):
        done = command("export", "results", "--mlflow", server, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"{server}: {count} runs written\n")
    (one,) = (
        known for known in ask(server, "experiments/search", max_results=10)["experiments"]
        if known["name"].startswith("lenet5")
    )  # fmt: skip
    runs = ask(server, "runs/search", experiment_ids=[one["experiment_id"]])["runs"]
    assert {run["info"]["run_name"]: run["info"]["status"] for run in runs} == {
        "seed-0": "FINISHED", "seed-1": "FINISHED",
    }  # fmt: skip
    for run in runs:
        folder = next((tmp_path / "results").glob(f"*/{run['info']['run_name']}"))
        params = {param["key"]: param["value"] for param in run["data"]["params"]}
        assert params["training.optimizer.learning_rate"] == "0.001"
        log = pd.read_csv(folder / "epochs.csv")
        for name in ("train_loss", "validation_accuracy"):
            query = f"metrics/get-history?run_id={run['info']['run_id']}&metric_key={name}"
            history = ask(server, query)["metrics"]
            assert [point["step"] for point in history] == [1, 2]
            assert [point["value"] for point in history] == log[name].tolist()


def test_where_no_server_answers(tmp_path: Path, root: Path) -> None:
    runs = root / "results/reference/runs/lenet5"
    for address in ("http://127.0.0.1:9", "sqlite:///runs.db"):
        done = command("export", runs, "--mlflow", address, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"bnbench: {address}: ")
        assert done.stderr.count("\n") == 1
