"""The table of peers: what is divided, averaged and left out, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import peers
from benchmarks.measurement import Measurement, measured, tell
from benchmarks.table import markdown
from benchmarks.trained import Trained


def run(train: list[float], evaluation: list[float], accuracy: float, memory: float) -> Trained:
    manifest: dict[str, Any] = {
        "dataset": {"train_examples": 60_000, "validation_examples": 10_000},
        "final": {"validation_accuracy": accuracy},
        "peak_memory_mib": memory,
    }
    rows = zip(train, evaluation, strict=True)
    epochs = [{"train_seconds": str(a), "evaluation_seconds": str(b)} for a, b in rows]
    return Trained(manifest, epochs)


def test_a_run_pays_for_validation_by_its_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.7 s of evaluation over 60,000 and 10,000 images: 0.1 s are the validation's."""
    asked: list[str] = []

    def trained(*options: str) -> list[Trained]:
        asked.extend(options)
        return [run([9.0, 3.0], [7.0, 0.7], 0.97, 800.0)]

    monkeypatch.setattr(peers, "trained", trained)
    ours = peers.ours(2, 1)
    assert ours.seconds == pytest.approx([10.0, 3.1])
    assert ours.scoring == pytest.approx([6.0, 0.6])
    assert (ours.accuracy, ours.peak_mib) == (0.97, 800.0)
    assert "training.threads=2" in asked
    assert f"training.epochs={peers.EPOCHS}" in asked


def test_runs_side_by_side_cost_their_time_over_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two runs of 3.1 s and 5.1 s at once: on average 4.1 s, of which each takes half."""
    runs = [run([9.0, 3.0], [7.0, 0.7], 0.97, 800.0), run([9.0, 5.0], [7.0, 0.7], 0.98, 900.0)]
    monkeypatch.setattr(peers, "trained", lambda *_: runs)
    ours = peers.ours(1, 2)
    assert ours.seconds[1] == pytest.approx(2.05)
    assert ours.scoring[1] == pytest.approx(0.3)
    assert ours.peak_mib == 900.0


def test_rows_are_medians_without_the_first_epoch() -> None:
    rounds = {
        peers.PLAIN: [Measurement([99.0, value], 0.97, 500.0, [99.0, 5.0]) for value in (9, 12, 8)],
        "other": [Measurement([99.0, value], 0.96, 400.0 + value, []) for value in (4, 3, 2)],
    }
    plain, other = peers.rows_of(rounds, {peers.PLAIN: 1.0, "other": 2.0})
    assert plain == [
        peers.PLAIN, "9.00", "8.00", "12.00", "1.00", "9.0", "14.00", "0.970", "500",
    ]  # fmt: skip
    assert other == ["other", "3.00", "2.00", "4.00", "3.00", "1.5", "", "0.960", "404"]


def test_a_compiled_loop_is_measured_where_there_is_a_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {}
    for found in ("/usr/bin/g++", None):
        monkeypatch.setattr("shutil.which", lambda _, found=found: found)
        known[found] = set(peers.contenders("python", "folder"))
    assert known["/usr/bin/g++"] - known[None] == {"tuned PyTorch loop, compiled"}
    assert "JAX, an epoch compiled" in known[None]


def test_what_is_told_is_what_is_read(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell([2.0, 1.0], 0.9, [0.5, 0.25])
    line = capfd.readouterr().out
    monkeypatch.setattr("benchmarks.measurement.output", lambda *_, **__: f"some noise\n{line}")
    read = measured("benchmarks.nothing")
    assert (read.seconds, read.accuracy, read.scoring) == ([2.0, 1.0], 0.9, [0.5, 0.25])
    assert 10 < read.peak_mib < 100_000  # an interpreter takes some tens of MiB


def test_a_table_is_markdown() -> None:
    assert markdown(["", "s"], [["a", "1"]], "Here.") == (
        "|  | s |\n| --- | ---: |\n| a | 1 |\n\nHere.\n"
    )
