"""What is shown of runs: it changes none of the events, and fits a terminal."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from bnbench.cli.progress import shown
from bnbench.config import Experiment, ModelSettings, TrainingSettings
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task


@pytest.fixture(autouse=True)
def draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests are run in."""
    monkeypatch.setenv("TERM", "xterm")


class Terminal(io.StringIO):
    """A screen that remembers all that was written to it."""

    def isatty(self) -> bool:
        return True


def shown_on_terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Event], str]:
    """Draw at every event: a second passes between any two."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("tqdm.std.time", map(float, count()).__next__)
    return list(shown(EVENTS, runs=2, epochs=4, slots=2, labels=LABELS)), screen.getvalue()


def task(seed: int) -> Task:
    experiment = Experiment(
        experiment="a_rather_long_name_of_an_experiment@training.epochs=2",
        model=ModelSettings(name="MLP"),
        training=TrainingSettings(epochs=2, batch_size=10),
    )
    return Task(experiment, seed, 100, Path("results"))


def epoch(seed: int, slot: int, number: int) -> list[Event]:
    return [
        Progress(task(seed), slot, number, 5, 1.25, 0.5),
        Progress(task(seed), slot, number, 10, 1.0, 0.6),
        Progress(task(seed), slot, number, 10, 1.125, 0.6, 0.75),
    ]


EVENTS: Sequence[Event] = [
    Started(task(0), 0),
    Started(task(1), 1),
    *epoch(0, 0, 1),
    *epoch(1, 1, 1),
    Retried(task(1), 1, "Traceback\n  File\nOSError: no space left"),
    *epoch(0, 0, 2),
    Ended(task(0), 0, "complete", validation_accuracy=0.1125, failed_to_learn=1),
    Started(task(1), 0),
    *epoch(1, 0, 1),
    Ended(task(1), 0, "failed", "killed by signal SIGKILL"),
]


LABELS = {task(0).experiment.experiment: "plain, epochs 2"}


def test_in_a_file_one_line_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(shown(EVENTS, runs=2, epochs=4, slots=2, labels=LABELS)) == list(EVENTS)
    assert capsys.readouterr().err.splitlines() == [
        "plain, epochs 2 seed 1: OSError: no space left; will be tried again",
        "[1/2] plain, epochs 2 seed 0: complete, failed to learn, validation accuracy 11.25 %",
        "[2/2] plain, epochs 2 seed 1: failed",
    ]


def test_a_terminal_that_draws_over_nothing_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    _, text = shown_on_terminal(monkeypatch)
    assert len(text.splitlines()) == 3
    assert not {"\x1b", "\r"} & set(text)


def test_on_a_terminal_the_same_events_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    events, text = shown_on_terminal(monkeypatch)
    assert events == list(EVENTS)
    assert "no space left" in text


def drawn(text: str) -> list[str]:
    """Every state of every bar, without the moves of the cursor between them."""
    plain = re.sub(r"\x1b\[[A-Z]", "", text)
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


def test_an_epoch_that_is_done_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = shown_on_terminal(monkeypatch)
    counts = [re.search(r"(\d+)/4 ", line) for line in drawn(text) if "epochs:" in line]
    assert max(int(count[1]) for count in counts if count) == 3


def test_what_a_run_measures_stays_within_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _, text = shown_on_terminal(monkeypatch)
    lines = [line for line in drawn(text) if "loss 1.250, accuracy 0.500" in line]
    assert lines
    assert max(map(len, lines)) < 80


def test_the_clock_of_the_runs_moves_while_no_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = shown_on_terminal(monkeypatch)
    clocks = [re.search(r"0/2 \[(\d\d:\d\d)\]", line) for line in drawn(text)]
    assert len({clock[1] for clock in clocks if clock}) > 3


def test_in_a_terminal_that_is_made_narrower_no_line_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, widths = Terminal(), [100]
    monkeypatch.setattr(screen, "fileno", lambda: 2)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((widths[-1], 30)))
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr("tqdm.std.time", map(float, count()).__next__)
    for place, _ in enumerate(shown(EVENTS, runs=2, epochs=4, slots=2, labels=LABELS)):
        if place == 5:
            before = len(screen.getvalue())
            widths.append(40)
    text = screen.getvalue()
    assert text[before:].startswith("\r\x1b[J")
    assert 40 < max(map(len, drawn(text[:before]))) < 100
    bars = [line for line in drawn(text[before:]) if "tried again" not in line]
    assert max(map(len, bars)) < 40
