"""How long the commands take that a person waits for, each in a process of its own.

``make bench`` prints the table. The 10,000 runs are one real run on small digits under 10,000
seeds, its files linked. The limits are those of the project.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from subprocess import PIPE, STDOUT
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.table import machine, publish, table_file
from bnbench import load_experiment, run_experiment
from bnbench.runs import Run, find_run
from bnbench.runs.manifest import SEAL, seal_of

ROOT = Path(__file__).parents[1]
RUNS = int(os.environ.get("BENCH_RUNS", "10000"))
ROUNDS = 3
SHORT = ["data.dataset=digits", "training.epochs=2", "training.evaluate_every=null"]
AS_INSTALLED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONUNBUFFERED": "1"
}
"""A person's Python compiles a file once, and a terminal shows a line as soon as it is printed."""
READ = "import bnbench; bnbench.load_results('results/reference/runs')"


def make_runs(results: Path) -> None:
    """Train one run, and put its files under as many seeds."""
    for _ in run_experiment(load_experiment(ROOT / "configs/lenet5.yaml", SHORT), 0, results):
        pass
    first = find_run(next(results.iterdir()))
    manifest = json.loads(first.manifest.read_text(encoding="utf-8"))
    for seed in range(1, RUNS):
        link(first, Run(first.path.with_name(f"seed-{seed}")), manifest | {"seed": seed})


def link(first: Run, run: Run, manifest: Mapping[str, Any]) -> None:
    """Make a run of another one's files; as copies, 10,000 runs would be 20 GB."""
    run.path.mkdir(parents=True)
    for name in manifest["files"]:
        os.link(first.path / name, run.path / name)
    sealed = {**manifest, SEAL: seal_of(manifest)}
    run.manifest.write_text(json.dumps(sealed), encoding="utf-8")


def seconds(*line: str, rounds: int = ROUNDS) -> float:
    """Median of some runs of ``python`` with these arguments, in the checkout."""
    return median(_timed(line)[1] for _ in range(rounds))


def until_a_line(*line: str) -> float:
    """Median of the seconds until ``python`` with these arguments has printed its first line."""
    return median(_timed(line)[0] for _ in range(ROUNDS))


def _timed(line: tuple[str, ...]) -> tuple[float, float]:
    """Seconds until the first line of output, and until the end."""
    started = perf_counter()
    with subprocess.Popen(
        [sys.executable, *line], cwd=ROOT, env=AS_INSTALLED, stdout=PIPE, stderr=STDOUT
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        first = perf_counter() - started
        told += process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{line}: {told.decode()}")
    return first, perf_counter() - started


def bnbench(*arguments: str, rounds: int = ROUNDS) -> float:
    """Time a command."""
    return seconds("-m", "bnbench", *arguments, rounds=rounds)


def short(results: Path) -> Iterator[tuple[str, list[str]]]:
    """What trains nothing: its name in the table, and its arguments. Two runs are read."""
    for name in ("lenet5", "lenet5_batchnorm"):
        for _ in run_experiment(load_experiment(ROOT / f"configs/{name}.yaml", SHORT), 0, results):
            pass
    first, second = map(str, sorted(results.iterdir()))
    reference = ["--results", "results/reference/runs"]
    yield "models", ["models"]
    yield "data where", ["data", "where", "--dataset", "digits"]
    yield "list, 2 runs", ["list", str(results)]
    yield "diff", ["diff", f"{first}/seed-0", f"{first}/seed-0"]
    yield "verify, 2 runs", ["verify", first, second]
    yield "compare, 2 runs", ["compare", first, second, "--out", str(results.parent / "figures")]
    yield "plan headline", ["plan", "headline", *reference]
    yield "claims headline", ["claims", "headline", *reference]
    yield "claims A4.2", ["claims", "A4.2", *reference]


def measured(folder: Path) -> Iterator[tuple[str, float, float]]:
    """What was done, its seconds, and how many it may take."""
    many, merged = folder / "many", folder / "merged"
    make_runs(many)
    yield "demo", bnbench("demo", "--out", str(folder / "demo"), rounds=1), 60
    yield "doctor", bnbench("doctor"), 2
    yield f"list, {RUNS:,} runs", bnbench("list", str(many)), 10
    merge = "merge", str(many), "--results", str(merged)
    yield f"merge, {RUNS:,} runs, none of them there", bnbench(*merge, rounds=1), 10
    yield f"merge, {RUNS:,} runs, all of them there", bnbench(*merge, rounds=1), 10
    yield "check-model LeNet5_BatchNorm", bnbench("check-model", "LeNet5_BatchNorm"), 20
    yield "load_results of results/reference", seconds("-c", READ), 2
    for name, arguments in short(folder / "two"):
        yield name, bnbench(*arguments), 1.5
        if name.startswith("compare"):
            yield f"{name}: its table", until_a_line("-m", "bnbench", *arguments), 1.5


def main() -> None:
    """Time all, print the table, and write it to the given file."""
    with TemporaryDirectory() as folder:
        rows = [
            (name, f"{value:.1f}", f"{limit:g}") for name, value, limit in measured(Path(folder))
        ]
    context = (
        f"Medians of {ROUNDS} rounds, but for `demo` and `merge`; {os.cpu_count()} cores,"
        f" {machine()}."
    )
    publish(("command", "s", "at most"), rows, context, table_file())


if __name__ == "__main__":
    main()
