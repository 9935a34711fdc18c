"""``bnbench animate``: a file that is written once, and replaced only if that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.training import run_experiment
from tests.invoke import invoke


def test_a_file_is_replaced_only_if_that_is_said(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    probes = "probes=[{kind: path, every: 10, images: 16}]"
    short = ["data.dataset=digits", "training.epochs=1", probes]
    list(run_experiment(load_experiment(root / "configs/mlp.yaml", short, name="m"), 0, "results"))
    line = ["animate", "m/seed-0", "--probe", "path"]
    done = invoke(*line)
    assert done.stdout == "path.gif: 0.0 MB\n"
    content = Path("path.gif").read_bytes()
    assert content.startswith(b"GIF89a")
    Path("path.gif").write_text("mine")
    refused = invoke(*line)
    assert isinstance(refused.exception, BnbenchError)
    assert str(refused.exception).startswith("path.gif: ")
    assert Path("path.gif").read_text() == "mine"
    assert invoke(*line, "--overwrite").exit_code == 0
    assert Path("path.gif").read_bytes() == content
