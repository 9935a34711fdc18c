"""What a decision costs: seeds by a second route, hours by hand."""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bnbench.cli.costs import show_costs
from bnbench.config import Study, load_study, parse_metric
from bnbench.errors import BnbenchError
from bnbench.execution import cores
from bnbench.runs import Run
from tests.invoke import invoke
from tests.studies import write_study

LEAST = 0.001
"""The smallest effect of interest, unless a study names another."""
EPOCHS = 2
SECONDS = EPOCHS * 4.0
"""Of a run as `make_run` writes it."""


@pytest.fixture
def load(root: Path, tmp_path: Path) -> Callable[[], Study]:
    path = write_study(root, tmp_path, f"training.epochs={EPOCHS}")
    return lambda: load_study(path)


@pytest.fixture
def write(load: Callable[[], Study], make_run: Callable[..., Run]) -> Callable[..., None]:
    """Write a run of each arm and seed; a difference is of whole images of 10,000."""

    def make(differences: list[float]) -> None:
        study = load()
        for seed, difference in enumerate(differences):
            make_run(study.arms["plain"].experiment, seed, [0.5, 0.9])
            make_run(study.arms["batch_norm"].experiment, seed, [0.5, 0.9 + difference])

    return make


def asked(folder: Path, *options: str) -> str:
    given = ["plan", str(folder / "s.yaml"), "--cost", "--results", str(folder / "results")]
    done = invoke(*given, *options)
    assert done.exit_code == 0, done.exception
    return done.stdout


def power_to_find(n: int, sd: float) -> float:
    """Of the paired t-test, by SciPy's noncentral t."""
    shift, critical = math.sqrt(n) * LEAST / sd, stats.t.ppf(0.975, n - 1)
    return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift))


def power_to_rule_out(n: int, sd: float) -> float:
    """Of two one-sided tests where nothing differs, averaged over quantiles of the deviation."""
    scales = np.sqrt(stats.chi2.ppf((np.arange(2_000) + 0.5) / 2_000, n - 1) / (n - 1))
    inside = LEAST / sd * math.sqrt(n) - stats.t.ppf(0.95, n - 1) * scales
    return float(np.mean(np.maximum(2 * stats.norm.cdf(inside) - 1, 0)))


def test_an_undecided_question_says_seeds_and_hours(
    write: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: 3)
    differences = [0.0005 + 0.02 * sign for sign in (1, -1) * 4]
    write(differences)
    assert power_to_find(1000, float(np.std(differences, ddof=1))) < 0.9
    (row,) = json.loads(asked(tmp_path, "--json"))
    assert row == {
        "question": "Does it help?",
        "contrast": "lead",
        "metric": "validation_accuracy@last",
        "so far": "+0.05 pp [−1.74, +1.84]",
        "seeds so far": "8",
        "seeds in all": "more than 1,000",
        "hours": f"more than {2 * (1000 - 8) * SECONDS / 3 / 3600:.1f}",
    }
    title = parse_metric("validation_accuracy@last").title
    assert f"  {title}  " in asked(tmp_path)  # people get its name


@pytest.mark.parametrize("sd", [0.002, 0.004])
def test_seeds_and_hours(
    write: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sd: float
) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: 3)
    differences = [round(0.0005 + sd * sign, 4) for sign in (1, -1) * 4]
    write(differences)
    found = float(np.std(differences, ddof=1))
    needed = max(
        2 + bisect_left(range(2, 1000), 0.9, key=lambda n: power(n, found))
        for power in (power_to_find, power_to_rule_out)
    )
    (row,) = json.loads(asked(tmp_path, "--json"))
    hours = 2 * (needed - 8) * SECONDS / 3 / 3600
    assert (row["seeds in all"], row["hours"]) == (str(needed), f"{max(0.1, hours):.1f}")
    assert "3 runs at a time" in asked(tmp_path)


def test_what_is_decided_costs_nothing(write: Callable[..., None], tmp_path: Path) -> None:
    write([0.0200, 0.0201, 0.0199, 0.0200, 0.0202, 0.0198])
    assert json.loads(asked(tmp_path, "--json")) == []
    assert asked(tmp_path) == "No question that has runs is undecided.\n"


def test_few_seeds_are_the_first_thing_missing(write: Callable[..., None], tmp_path: Path) -> None:
    write([0.02, 0.021])
    (row,) = json.loads(asked(tmp_path, "--json"))
    assert (row["seeds so far"], row["seeds in all"]) == ("2", "at least 6")


def test_without_a_run_it_is_one_line(load: Callable[[], Study], tmp_path: Path) -> None:
    load()
    (tmp_path / "results").mkdir()
    done = invoke("plan", tmp_path / "s.yaml", "--cost", "--results", tmp_path / "results")
    assert isinstance(done.exception, BnbenchError)
    (said,) = done.exception.problems
    assert said.endswith(f"; `bnbench reproduce {tmp_path / 's.yaml'}` makes them")


def test_a_terminal_of_80_columns_breaks_no_word(
    write: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write([0.02, 0.021])
    for name, value in {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)  # rich takes the output for a terminal
    lines = [line.rstrip() for line in asked(tmp_path).splitlines()]
    assert lines[0].startswith("Does it help?  ")
    assert "    2 seeds so far, at least 6 in all, at least 0.1 hours" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (("10", "36", "0.2"), "10 seeds so far, 36 in all, 0.2 hours on two cores"),
        (("1", "at least 6", "at least 0.2"), "1 seed so far, at least 6 in all, at least 0.2 h"),
        (("10", "not known", ""), "10 seeds so far; seeds in all: not known"),
    ],
)
def test_a_terminal_is_told_in_a_sentence(
    numbers: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_costs([("A4.2", "speed", "", "+0.1 pp", *numbers)], on="two cores")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["A4.2  speed", "    +0.1 pp"]
    assert lines[2].startswith(f"    {said}")


def test_an_undecided_claim_costs_the_runs_of_its_own_arms(
    root: Path, reference_runs: Path
) -> None:
    """Each side at its best rate: all rates of both, and the seeds that choose come on top."""
    results = str(root / "results/reference/runs")
    done = invoke("claims", "A4.2", "--cost", "--json", "--results", results)
    assert done.exit_code == 0, done.exception
    verdicts = pd.read_csv(root / "results/reference/verdicts.csv")
    undecided = verdicts[(verdicts["claim"] == "A4.2") & (verdicts["verdict"] == "INCONCLUSIVE")]
    rows = json.loads(done.stdout)
    assert [row["aspect"] for row in rows] == undecided["aspect"].tolist()
    of_best = [(row, name) for row, name in zip(rows, undecided["subject"], strict=True)
               if "each arm's best" in row["aspect"]]  # fmt: skip
    assert of_best
    for row, name in of_best:
        study = load_study(row["study"])
        (best,) = (one for one in study.best if one.name == name)
        needed = int(
            undecided.set_index("subject")["numbers"][name].split("at least ")[1].split()[0]
        )
        assert row["seeds in all"] == str(needed + best.tuning_seeds)
        seconds = 0.0
        for label in (*best.treatment, *best.baseline):
            folder = reference_runs / study.arms[label].experiment.experiment
            logs = [pd.read_csv(path) for path in folder.glob("seed-*/epochs.csv")]
            took = [log[["train_seconds", "evaluation_seconds"]].sum().sum() for log in logs]
            seconds += (needed + best.tuning_seeds - len(took)) * float(np.mean(took))
        assert row["hours on two cores"] == f"{seconds / 2 / 3600:.1f}"


def test_the_reference_packed_as_it_is(root: Path) -> None:
    """Each row is one that its table of contrasts leaves undecided."""
    results = str(root / "results/reference/runs")
    done = invoke("plan", "cnn", "--cost", "--json", "--results", results)
    assert done.exit_code == 0, done.exception
    rows = json.loads(done.stdout)
    answers = (root / "results/reference/answers.md").read_text(encoding="utf-8")
    assert rows
    for row in rows:
        (line,) = (one for one in answers.splitlines() if row["question"] in one)
        assert "not decided" in line
        assert row["so far"].split(" pp")[0] in line
