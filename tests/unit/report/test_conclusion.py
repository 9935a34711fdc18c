"""The closing sentence of a comparison is decided as a claim that the two differ would be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bnbench.findings.arms import read_arms
from bnbench.findings.comparison import as_study
from bnbench.findings.contrasts import compare_planned
from bnbench.report.conclusion import conclusions
from tests.unit.conftest import MakeRun

LEVEL = 0.95


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([0.02, 0.021, 0.019, 0.02, 0.02, 0.021], "better is ahead of plain: "),
        ([-0.02, -0.021, -0.019, -0.02, -0.02, -0.021], "better is behind plain: "),
        ([0.02, -0.02, 0.03, -0.03, 0.01, 0.0], "better and plain cannot be told apart: "),
        ([0.0002, 0.0003, 0.0002, 0.0003, 0.0002, 0.0003], "plain are equivalent within "),
        ([0.02, 0.021], "better is ahead of plain: "),
        ([0.001, 0.02], "better and plain cannot be told apart: "),
        ([0.0, 0.0], "better and plain are equal here: "),
    ],
)
def test_a_conclusion_follows_the_rule(
    make_run: MakeRun, tmp_path: Path, differences: Sequence[float], said: str
) -> None:
    for seed, difference in enumerate(differences):
        make_run("plain", seed, [0.5, LEVEL])
        make_run("better", seed, [0.5, round(LEVEL + difference, 4)])
    arms, _ = read_arms(tmp_path / "results" / name for name in ("plain", "better"))
    runs = as_study(arms)
    findings = compare_planned(runs, runs.study.contrasts)
    (sentence,) = conclusions(findings)
    (titled,) = conclusions(findings, {"better": "batch norm"})
    assert titled == sentence.replace("better", "batch norm")
    assert said in sentence
    few = f"{len(differences)} seeds; it takes at least 6 to decide"
    assert sentence.endswith(few if len(differences) < 6 else ", 6 seeds")
