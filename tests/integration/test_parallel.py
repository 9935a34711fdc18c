"""Runs side by side as a user meets them: failures of all kinds, signals, two commands at once."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bnbench.execution.pool import cause_of_death
from bnbench.runs import Run
from tests.commands import bnbench, started
from tests.files import timeless

ENDLESS = 1_000_000

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="finds processes by the files that they hold open"
)


def config(folder: Path, name: str, epochs: int) -> Path:
    path = folder / f"{name}.yaml"
    text = (
        f"experiment: {name}\n"
        "data: {dataset: digits, resize: none}\n"
        "model: {name: MLP}\n"
        f"training: {{epochs: {epochs}, batch_size: 256, device: cpu}}\n"
    )
    path.write_text(text, encoding="utf-8")
    return path


PROGRAM = [sys.executable, "-m", "bnbench"]


def command(configs: Sequence[Path], results: Path, *options: object) -> list[str]:
    chosen = [part for path in configs for part in ("--config", str(path))]
    return ["train", *chosen, "--results", str(results), *map(str, options)]


@contextmanager
def really_started(line: list[str]) -> Iterator[subprocess.Popen[str]]:
    """As `started`, with the program's own start."""
    process = subprocess.Popen(
        [*PROGRAM, *line], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_of(results: Path, name: str, seed: int = 0) -> Run:
    return Run(results / name / f"seed-{seed}")


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    latest = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < latest, "it has not come about in time"
        time.sleep(0.02)


def processes_at(run: Run) -> list[int]:
    """Who holds the run's log open."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if run.batches in open_files(process)
    ]


def open_files(process: Path) -> list[Path]:
    files = []
    with suppress(OSError):  # gone meanwhile
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                files.append(link.readlink())
    return files


@needs_proc
def test_every_cause_is_named_and_the_others_finish(tmp_path: Path) -> None:
    results = tmp_path / "results"
    configs = [
        config(tmp_path, name, epochs)
        for name, epochs in {
            "raises": 2, "healthy": 2, "killed": ENDLESS, "endless": ENDLESS,
        }.items()
    ]  # fmt: skip
    run_of(results, "raises").batches.mkdir(parents=True)  # a folder where a file must go
    with started(*command(configs, results, "--jobs", 2, "--time-limit", 12)) as process:
        wait_until(lambda: processes_at(run_of(results, "killed")))
        os.kill(processes_at(run_of(results, "killed"))[0], signal.SIGKILL)
        table, said = process.communicate(timeout=300)
    assert process.returncode == 1, said
    assert run_of(results, "healthy").read_manifest().status == "complete"
    assert re.search(
        r"bnbench: raises seed 0 failed:\n  Traceback(.*\n)+  IsADirectoryError: ", said
    )
    assert "bnbench: killed seed 0 failed:\n  killed by signal SIGKILL" in said
    assert "bnbench: endless seed 0 failed:\n  past its time" in said
    assert "healthy seed 0 failed" not in said
    assert "complete" in table
    killed = run_of(results, "killed").read_manifest()
    assert (killed.status, killed.error) == ("failed", cause_of_death(-signal.SIGKILL))
    assert run_of(results, "endless").read_manifest().status == "interrupted"


def test_failing_fast_leaves_the_others_interrupted(tmp_path: Path) -> None:
    results = tmp_path / "results"
    configs = [config(tmp_path, name, ENDLESS) for name in ("endless", "raises", "never")]
    run_of(results, "raises").batches.mkdir(parents=True)
    process = bnbench(*command(configs, results, "--jobs", 2, "--fail-fast"))
    assert process.returncode == 1, process.stderr
    assert "bnbench: stopped" in process.stderr
    assert not run_of(results, "never").path.exists()
    endless = run_of(results, "endless")
    assert not endless.manifest.exists() or endless.read_manifest().status == "interrupted"


@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, 143),
        (signal.SIGTERM, True, 143),
        (signal.SIGHUP, True, 129),
    ],
)
def test_stopped_by_a_signal_runs_can_go_on(
    number: int, to_all: bool, code: int, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    line = command([config(tmp_path, "mlp", ENDLESS)], results, "--seeds", 2, "--jobs", 2)
    runs = [run_of(results, "mlp", seed) for seed in (0, 1)]
    with started(*line) as process:
        wait_until(lambda: all(run.checkpoints() for run in runs))
        (os.killpg if to_all else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=300)
    assert process.returncode == code, said
    assert "bnbench: interrupted" in said
    assert "Traceback" not in said
    assert [run.read_manifest().status for run in runs] == ["interrupted"] * 2
    assert all(run.checkpoints() for run in runs)


def test_stopped_while_workers_are_made_no_process_complains(tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches all processes, also the one that is still importing PyTorch."""
    line = command([config(tmp_path, "mlp", ENDLESS)], tmp_path / "results")
    with really_started(line) as process:
        assert process.stderr is not None
        while "at a time" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "bnbench: interrupted; the same command does what is left"
    assert "Traceback" not in said


@needs_proc
def test_a_killed_command_leaves_nobody_training(tmp_path: Path) -> None:
    results = tmp_path / "results"
    line = command([config(tmp_path, "mlp", ENDLESS)], results, "--seeds", 2, "--jobs", 2)
    runs = [run_of(results, "mlp", seed) for seed in (0, 1)]
    with started(*line) as process:
        wait_until(lambda: all(run.checkpoints() for run in runs))
        assert all(processes_at(run) for run in runs)
        process.kill()
        process.wait()
        wait_until(lambda: not any(processes_at(run) for run in runs), seconds=20)
        wait_until(lambda: {run.read_manifest().status for run in runs} == {"interrupted"})


def test_the_next_command_removes_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data, mapped by its runs: of MNIST 287 MB."""
    temporary, results = tmp_path / "temporary", tmp_path / "results"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    line = command([config(tmp_path, "endless", ENDLESS)], results, "--seeds", 2, "--jobs", 2)
    with started(*line) as process:
        wait_until(lambda: list(temporary.glob("bnbench-*/*.pt")))
        (left,) = temporary.glob("bnbench-*")
        during = bnbench(*command([config(tmp_path, "mlp", 1)], results))
        assert during.returncode == 0, during.stderr
        assert list(temporary.glob("bnbench-*/*.pt")), "it was in use"
        process.kill()
        process.wait()
    assert left.exists()
    assert bnbench(*command([config(tmp_path, "mlp", 2)], tmp_path / "others")).returncode == 0
    assert list(temporary.glob("bnbench-*")) == []


def test_a_temporary_folder_with_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too long for a socket in it, as those of batch systems are: the same bytes."""
    temporary = tmp_path / ("t" * 100)
    temporary.mkdir()
    path = config(tmp_path, "mlp", 2)
    for name in ("short", "long"):
        if name == "long":
            monkeypatch.setenv("TMPDIR", str(temporary))
        line = command([path], tmp_path / name, "--seeds", 1)
        with started(*line) as process:
            assert process.wait(300) == 0, process.communicate()
    one, other = (run_of(tmp_path / name, "mlp") for name in ("short", "long"))
    assert timeless(one.path) == timeless(other.path)
    assert list(temporary.glob("bnbench-*")) == []


def test_two_commands_at_once_never_both_do_a_run(tmp_path: Path) -> None:
    """The end of each run is told by one of them; what is locked, the other leaves alone."""
    results = tmp_path / "results"
    line = command([config(tmp_path, "mlp", 10)], results, "--seeds", 2, "--jobs", 2)
    with started(*line) as one, started(*line) as other:
        both = [one, other]
        said = [process.communicate(timeout=300)[1] for process in both]
    assert {process.returncode for process in both} <= {0, 2}, said
    ends = re.findall(r"mlp seed (\d): complete", "\n".join(said))
    assert sorted(ends) == ["0", "1"], said
    for seed in (0, 1):
        run = run_of(results, "mlp", seed)
        assert run.read_manifest().status == "complete"
        assert len(run.epochs.read_text(encoding="utf-8").splitlines()) == 1 + 10
    refused = [text for process, text in zip(both, said, strict=True) if process.returncode == 2]
    assert all("another process" in text for text in refused)


def test_options_for_ray_without_ray_are_refused(tmp_path: Path) -> None:
    path = config(tmp_path, "mlp", 1)
    process = bnbench(*command([path], tmp_path / "results", "--gpus-per-run", 0.5))
    assert process.returncode == 2
    assert process.stderr.splitlines() == [
        "bnbench: --ray-address and --gpus-per-run are for --executor ray; add it"
    ]


def test_bars_on_a_terminal_change_no_byte(tmp_path: Path) -> None:
    path = config(tmp_path, "mlp", 3)
    plain = bnbench(*command([path], tmp_path / "plain", "--seeds", 2, "--jobs", 1))
    assert plain.returncode == 0, plain.stderr
    code, screen = on_a_terminal(command([path], tmp_path / "bars", "--seeds", 2, "--jobs", 2))
    assert code == 0, screen
    assert "runs: 100%" in screen
    assert "mlp seed 0: complete, validation accuracy " in plain.stderr
    for seed in (0, 1):
        one, other = (run_of(tmp_path / name, "mlp", seed) for name in ("plain", "bars"))
        assert timeless(one.path) == timeless(other.path)


def on_a_terminal(line: list[str]) -> tuple[int, str]:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    process = subprocess.Popen(
        [*PROGRAM, *line], stdout=subprocess.DEVNULL, stderr=slave,
        env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(slave)
    screen = b""
    while chunk := _read(master):
        screen += chunk
    os.close(master)
    return process.wait(60), screen.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # Linux's way to say that the other end is closed
        return b""
