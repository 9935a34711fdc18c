"""What a notebook calls: `compare` against SciPy, and figures in axes of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

import bnbench
from tests.unit.conftest import MakeRun

PLAIN = [0.90, 0.91, 0.92, 0.905, 0.915, 0.93]
BETTER = [0.93, 0.935, 0.93, 0.95, 0.94, 0.96]


@pytest.fixture
def results(make_run: MakeRun, tmp_path: Path) -> Path:
    for seed, (plain, better) in enumerate(zip(PLAIN, BETTER, strict=True)):
        make_run("plain", seed, [plain, plain])
        make_run("better", seed, [better, better])
    return tmp_path / "results"


def test_compare_is_a_paired_t_interval(results: Path) -> None:
    table = bnbench.compare(results / "better", baseline=str(results / "plain"))
    (row,) = table[table["metric"] == "validation_accuracy@last"].to_dict("records")
    differences = 100 * (np.array(BETTER) - np.array(PLAIN))
    interval = stats.ttest_1samp(differences, 0).confidence_interval()
    assert (row["treatment"], row["baseline"], row["n"], row["unit"]) == (
        "better",
        "plain",
        6,
        "pp",
    )
    found = [row["difference"], row["lower"], row["upper"]]
    np.testing.assert_allclose(found, [differences.mean(), *interval], rtol=1e-9)
    assert row["p"] == pytest.approx(2 / 2**6)


def test_figures_go_into_the_axes_that_are_given(results: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert bnbench.plot_accuracy([results / "plain", results / "better"], ax=left) is left
    assert bnbench.plot_difference(results / "better", results / "plain", ax=right) is right
    legend = left.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:2] == ["plain, mean of 6 seeds", "better, mean of 6 seeds"]
    assert len(labels) == len(set(labels))
    plt.close(figure)
    _, ax = plt.subplots()
    assert bnbench.plot_accuracy(results / "plain") is ax
    plt.close("all")


def test_a_backend_that_a_notebook_has_set_breaks_nothing(results: Path) -> None:
    code = "import bnbench, sys; print(len(bnbench.compare(sys.argv[1], sys.argv[2])))"
    command = [sys.executable, "-c", code, str(results / "better"), str(results / "plain")]
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(ran.stdout) >= 2
