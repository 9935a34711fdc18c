"""The GPU's benchmark without one: a command that it times, and what it makes of the times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu import Seconds, Work


def test_a_command_trains_what_is_timed() -> None:
    """Two seeds of the published experiment as one network, on the CPU."""
    work = Work(device="cpu", seeds=2, epochs=2, examples=640)
    options = (*work.options(gpu.CONFIGS[0]), "-o", "data.dataset=digits")
    found = gpu.ours(work, *options, "--seeds", "2", "--stack", "2")
    assert found.training > 0
    assert found.whole is not None
    assert found.whole > 2 * (found.training + found.evaluation) > 0


def test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Medians of three rounds, and the plain loop's epoch over each."""
    times = iter(
        [
            Seconds(10.0, 2.0), Seconds(0.1, 0.02, 9.0), Seconds(0.01, 0.002, 9.0),
            Seconds(0.01, 0.002, 19.0),
            Seconds(11.0, 2.0), Seconds(0.2, 0.04, 9.5), Seconds(0.03, 0.006, 9.5),
            Seconds(0.03, 0.006, 20.0),
            Seconds(9.0, 2.0), Seconds(0.3, 0.06, 10.0), Seconds(0.02, 0.004, 10.0),
            Seconds(0.02, 0.004, 21.0),
        ]
    )  # fmt: skip
    monkeypatch.setattr(gpu, "plain", lambda _: next(times))
    monkeypatch.setattr(gpu, "ours", lambda *_: next(times))
    assert gpu.rows(Work()) == [
        ["plain DataLoader loop", "10.000", "2.000", "1.0", ""],
        ["bnbench, one run", "0.200", "0.040", "50.0", "9.5"],
        ["bnbench, 10 stacked seeds", "0.020", "0.004", "500.0", "9.5"],
        ["bnbench, both arms, 10 stacked seeds, 10 epochs", "0.020", "0.004", "500.0", "20.0"],
    ]


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit, match="bench-gpu: PyTorch finds no CUDA device here"):
        gpu.main(tmp_path / "gpu.md")
    assert not (tmp_path / "gpu.md").exists()
