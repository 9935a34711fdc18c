"""10,000 runs in one results folder: listed, planned and compared in seconds, within 1 GiB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from benchmarks.commands import link
from bnbench.config import Study, configuration_hash, dump_experiment, load_study
from bnbench.execution.plan import plan_runs
from bnbench.runs import file_hashes, now, run_directory, write_text
from bnbench.training import run_experiment

SECONDS, MEBIBYTES = 10.0, 1024
STUDY = """
study: many
question: Does a folder of 10,000 runs slow anything down?
seeds: 100
experiments:
  plain:
    config: {configs}/mlp.yaml
    overrides: {{data.dataset: digits, training.epochs: 2, training.batch_size: 256}}
    grid: {{training.optimizer.learning_rate: {rates}}}
contrasts:
  least: {{treatment: plain@0.001, baseline: plain@0.002, metrics: [validation_accuracy@last]}}
"""


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 100 arms, all of whose runs are there: the files of one, under other names."""
    folder = tmp_path_factory.mktemp("many")
    path = folder / "many.yaml"
    rates = [round(0.001 * number, 3) for number in range(1, 101)]
    path.write_text(STUDY.format(configs=root / "configs", rates=rates), encoding="utf-8")
    _fill(load_study(path), folder / "results", folder / "one")
    return path


def _fill(study: Study, results: Path, one: Path) -> None:
    first = study.experiments[0]
    assert list(run_experiment(first, 0, one))
    trained = run_directory(one, first, 0)
    manifest = json.loads(trained.manifest.read_text(encoding="utf-8"))
    for experiment in study.experiments:
        write_text(trained.config, dump_experiment(experiment))  # a new file: links keep the old
        os.utime(trained.config, (0, 0))  # as in a real run, it is older than the run's end
        mine = {
            "experiment": experiment.experiment,
            "configuration_hash": configuration_hash(experiment),
            "files": file_hashes(trained),
            "ended": now(),
        }
        for seed in study.seeds:
            run = run_directory(results, experiment, seed)
            link(trained, run, manifest | mine | {"seed": seed})


def measured(study: Path, *arguments: str) -> tuple[float, float, str]:
    """Give a command's seconds, its largest resident memory in MiB, and what it printed.

    Started by a process of its own that is small: Linux counts the memory of whoever starts a
    process as the process's.
    """
    small = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", small, sys.executable, "-m", "bnbench", *arguments],
        cwd=study.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = perf_counter() - started
    assert done.returncode == 0, done.stderr
    return seconds, int(done.stderr.splitlines()[-1]) / 1024, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", "many.yaml"], "10,000 runs: 10,000 finished"),
        (["plan", "many.yaml", "--seeds", "101"], "10,100 runs: 10,000 finished, 100 to run"),
        (["list"], "many/plain@0.001"),
        (["list", "--runs"], "results/many/plain@0.1/seed-99"),
        (["list", "--json"], '"statuses": {"complete": 100}'),
        (["compare", "many/plain@0.001", "--baseline", "many/plain@0.002"], "100"),
    ],
)
def test_ten_thousand_runs(study: Path, arguments: list[str], says: str) -> None:
    seconds, mebibytes, printed = measured(study, *arguments)
    assert says in printed
    assert seconds <= SECONDS
    assert mebibytes <= MEBIBYTES


def test_the_runs_are_sound(root: Path, tmp_path: Path) -> None:
    """What the long test is made of: `plan` takes the copies for what they are."""
    path = tmp_path / "few.yaml"
    text = STUDY.format(configs=root / "configs", rates=[0.001, 0.002])
    path.write_text(text.replace("seeds: 100", "seeds: 2"), encoding="utf-8")
    study = load_study(path)
    _fill(study, tmp_path / "results", tmp_path / "one")
    plan = plan_runs(study.experiments, study.seeds, tmp_path / "results")
    assert [one.found.state for one in plan.planned] == ["cached"] * 4
