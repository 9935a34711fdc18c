"""Small files that ask for much are answered at once, with what is wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bnbench.config import load_experiment, load_study
from bnbench.config.marks import MOST_BYTES
from bnbench.config.problems import MOST_TOLD
from bnbench.errors import BnbenchError
from bnbench.training.check import check_experiment


def test_thousands_of_unknown_keys_are_told_up_to_a_number(tmp_path: Path) -> None:
    """It was quadratic: 16,000 took half a minute."""
    path = tmp_path / "a.yaml"
    path.write_text("experiment: a\n" + "".join(f"k{n}: 1\n" for n in range(4_000)))
    with pytest.raises(BnbenchError) as caught:
        load_experiment(path)
    assert len(caught.value.problems) == MOST_TOLD + 1
    left_out = 4_000 + 1 - MOST_TOLD  # with the model, which is missing
    assert caught.value.problems[-1] == f"{path}: {left_out:,} more problems are left out"


def test_a_grid_of_a_billion_points(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("experiment: a\nmodel: {name: LeNet5}\n")
    values = list(range(1, 1_001))
    path = tmp_path / "study.yaml"
    path.write_text(
        "study: s\nquestion: q\nexperiments:\n  a:\n    config: a.yaml\n    grid:\n"
        + "".join(f"      training.key{n}: {values}\n" for n in range(3))
    )
    with pytest.raises(BnbenchError, match=r"experiments\.a\.grid: has 1,000,000,000 points"):
        load_study(path)


def test_a_config_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "x" * 300_000)
    with pytest.raises(BnbenchError, match="is larger than"):
        load_experiment(path)


@pytest.mark.parametrize(
    ("config", "override", "said"),
    [
        ("mlp", "model.widths=[100000, 100000]", "10,079,400,000 weights"),
        ("lenet5", "training.schedule={name: cosine, warm_up_epochs: 1e308}", "1,000,000 or less"),
        ("lenet5", "training.initialization.bias=1e308", "1e+30 or less"),
        ("lenet5", "model.normalization={kind: batch_renorm, warm_up_steps: 10000000000}",
         "1,000,000,000 or less"),
        ("lenet5", "data.dataset=folder:~nobody_knows_him/x", "is no folder"),
        ("lenet5", "data.dataset=csv:~nobody_knows_him/x", "is no folder"),
        ("lenet5", f"data.dataset=folder:{'x' * 300}", "is no folder"),
    ],
)  # fmt: skip
def test_what_no_run_could_take_is_refused_before_it(
    root: Path, config: str, override: str, said: str
) -> None:
    """Each was a traceback in the run, or forty gigabytes."""
    with pytest.raises(BnbenchError) as caught:
        check_experiment(load_experiment(root / f"configs/{config}.yaml", [override]))
    (line,) = caught.value.problems
    assert said in line


@pytest.mark.parametrize("mark", ["[", "[\n", "{b: [", "- ", "? "])
def test_a_deep_document_is_answered_at_once(tmp_path: Path, mark: str) -> None:
    """It was quadratic, and libyaml's own composer takes the process down."""
    path = tmp_path / "a.yaml"
    path.write_text(mark * (MOST_BYTES // len(mark)))
    started = time.process_time()
    with pytest.raises(BnbenchError, match="is nested too deeply"):
        load_experiment(path)
    assert time.process_time() - started < 0.5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    os.mkfifo(path)
    with pytest.raises(BnbenchError, match=r"a\.yaml: cannot be read"):
        load_experiment(path)
