"""The check of a GPU on a machine that has Python, packages, and nothing of bnbench installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from benchmarks.measurement import output
from bnbench.runs import versions


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A Python whose packages are this one's, but for bnbench."""
    packages, program = tmp_path / "packages", tmp_path / "python"
    packages.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "bnbench" not in path.name and path.suffix != ".pth":
            (packages / path.name).symlink_to(path)
    line = f'PYTHONPATH="$PYTHONPATH:{packages}" exec {sys.executable} -S "$@"'
    program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_from_the_source_tree_with_nothing_installed(
    bare: Path, root: Path, tmp_path: Path
) -> None:
    """A run, whose manifest says the tree's version, and the version alone."""
    environment = os.environ | {"PYTHONPATH": str(root)}

    def done(*line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(bare), *line], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    absent = "from importlib.metadata import version; version('bnbench')"
    assert "PackageNotFoundError" in done("-c", absent).stderr
    here = versions()["bnbench"]
    assert done("-m", "bnbench", "--version").stdout == f"bnbench {here}\n"
    short = ["-o", "data.dataset=digits", "-o", "training.epochs=1"]
    run = done("-m", "bnbench", "train", "mlp", *short, "--name", "bare", "--results", "results")
    assert run.returncode == 0, run.stderr
    manifest = json.loads((tmp_path / "results/bare/seed-0/manifest.json").read_text())
    assert (manifest["status"], manifest["versions"]["bnbench"]) == ("complete", here)


@pytest.mark.slow
def test_the_script_goes_on_after_each_failure(bare: Path, root: Path, tmp_path: Path) -> None:
    """Without a GPU: what needs one fails in a line, and the tests are skipped."""
    carried = tmp_path / "carried"
    carried.mkdir()
    with zipfile.ZipFile(carried / "lacking-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("lacking.py", "")
    environment = os.environ | {"PYTHON": str(bare)}
    script = ["sh", str(root / "benchmarks/gpu_check.sh"), str(tmp_path / "out"), str(carried)]
    done = subprocess.run(script, env=environment, capture_output=True, text=True)
    steps = (tmp_path / "out/steps.txt").read_text()
    assert done.returncode == 1
    assert done.stdout == steps
    codes = {line.split(": ")[0]: line.split()[-4] for line in steps.splitlines()}
    assert list(codes) == [
        "card", "convolutions", "one run", "tests", "study", "agreement", "profile", "speed",
        "100 seeds", "1000 seeds",
    ]  # fmt: skip
    log = (tmp_path / "out/log.txt").read_text()
    assert codes["one run"] == codes["study"] == "2", log
    assert "PyTorch finds no cuda device here" in log
    assert codes["tests"] == "0", log
    assert "bench-gpu: PyTorch" in log


def test_what_a_child_says_on_standard_error_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print('told'); print('why', file=sys.stderr); sys.exit(3)"
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        output("-c", program)
    assert capfd.readouterr() == ("", "why\n")
