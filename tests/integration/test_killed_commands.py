"""Commands that write files, killed at random instants: each file is whole or absent."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bnbench.config import load_study
from bnbench.data import data_folder, find_dataset
from bnbench.data.fetching import fetch
from bnbench.plots.style import Form
from bnbench.report.comparison import compare
from bnbench.report.comparison_files import write_comparison
from bnbench.report.files import ABANDONED
from bnbench.runs.merging import merge, plan_merge
from bnbench.runs.removal import find_removable, remove
from bnbench.training import run_experiment
from tests.edits import edit_text
from tests.files import contents as all_contents
from tests.integration.faults import in_a_child
from tests.studies import write_study

KILLS = 50
"""Of each command; docs/reliability.md names it."""
SHORT = (
    "data.dataset=digits", "training.epochs=2", "training.batch_size=200",
    "training.evaluate_every=null",
)  # fmt: skip
Write = Callable[[Path], None]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments of two seeds, and a study of them."""
    folder = tmp_path_factory.mktemp("trained")
    path = write_study(root, folder, *SHORT)
    edit_text(path, "question: why", "question: why\nseeds: 2")
    for experiment in load_study(path).experiments:
        for seed in (0, 1):
            assert list(run_experiment(experiment, seed, folder / "results"))
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Read all files but those that are being written."""
    files = all_contents(folder).items()
    return {Path(name): content for name, content in files if "/." not in f"/{name}"}


def killed_again_and_again(write: Write, folder: Path) -> None:
    """Kill at random instants, and hold what is left against what an undisturbed call leaves."""
    write(folder / "imported")  # so that no copy of this process spends its time on imports
    started = time.monotonic()
    assert in_a_child(partial(write, folder / "whole")) == 0
    takes, whole = time.monotonic() - started, contents(folder / "whole")
    assert whole
    draw, struck = random.Random(3), 0
    while struck < KILLS:
        shutil.rmtree(folder / "cut", ignore_errors=True)
        cut = partial(write, folder / "cut")
        struck += in_a_child(cut, kill_after=draw.uniform(0, takes)) != 0
        left = contents(folder / "cut")
        assert left.items() <= whole.items()
        assert in_a_child(cut) == 0
        assert contents(folder / "cut") == whole


def test_compare(trained: Path, tmp_path: Path) -> None:
    runs = [trained / "results" / "plain", trained / "results" / "batch_norm"]

    def figures(out: Path) -> None:
        write_comparison(compare(runs), out, Form(width=3))  # small ones take half the time

    killed_again_and_again(figures, tmp_path)


def test_report(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bnbench.cli.studies import judge_results
    from bnbench.report.page import write_report
    from bnbench.report.study_results import report_page

    monkeypatch.chdir(trained)

    def report(out: Path) -> None:
        judged = judge_results([Path("s.yaml")], Path("results"))
        write_report(report_page(judged), out / "report.html", with_markdown=True)

    killed_again_and_again(report, tmp_path)


def test_fetching_data(tmp_path: Path, data_dir: Path) -> None:
    mnist = find_dataset("mnist")
    raw = fetch(mnist, data_folder(data_dir))

    def copies(_: object, workshop: Path) -> None:
        for path in raw.iterdir():
            if path.is_file() and not path.name.startswith("."):
                shutil.copy(path, workshop)

    def brought(out: Path) -> None:
        fetch(mnist, out, {"here": copies})

    killed_again_and_again(brought, tmp_path)


def test_merge(trained: Path, tmp_path: Path) -> None:
    def merged(out: Path) -> None:
        merge(plan_merge(trained / "results", out, hashed=False))

    killed_again_and_again(merged, tmp_path)


def test_rm(trained: Path, tmp_path: Path) -> None:
    """What has a manifest is a whole run; what has none goes with the next call."""
    whole, cut = contents(trained / "results"), tmp_path / "cut"

    def removed() -> None:
        if cut.exists():
            for run in find_removable(sorted(cut.iterdir())):
                remove(run)

    def restored() -> None:
        shutil.rmtree(cut, ignore_errors=True)
        shutil.copytree(trained / "results", cut)

    restored()
    started = time.monotonic()
    assert in_a_child(removed) == 0
    takes, draw, struck = time.monotonic() - started, random.Random(4), 0
    while struck < KILLS:
        restored()
        struck += in_a_child(removed, kill_after=draw.uniform(0, takes)) != 0
        left = contents(cut)
        assert left.items() <= whole.items()
        for path in whole:
            assert path in left or path.with_name("manifest.json") not in left
        assert in_a_child(removed) == 0
        assert contents(cut) == {}


def test_what_a_killed_command_left_goes_in_time(trained: Path, tmp_path: Path) -> None:
    """Not at once: it may be another command's, that is writing."""
    old, new = (tmp_path / f".accuracy.beside-{name}.png" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    long_ago = time.time() - ABANDONED - 60
    os.utime(old, (long_ago, long_ago))
    write_comparison(compare([trained / "results" / "plain"]), tmp_path)
    assert not old.exists()
    assert new.exists()
