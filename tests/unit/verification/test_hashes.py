from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from bnbench.runs import Run, changed_files, file_hashes
from tests.files import contents
from tests.unit.verification.conftest import MakeRun

# echo -n abc | sha256sum, as in FIPS 180-2, appendix B.1
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_hashes_by_name_of_the_files_that_are_there(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.config.write_bytes(b"abc")
    run.weights.write_bytes(b"abc")
    run.manifest.write_bytes(b"it cannot hold its own hash")
    run.checkpoint(1, 7).write_bytes(b"gone when the run has finished")
    assert file_hashes(run) == {"config.yaml": ABC, "weights.pt": ABC}


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
def test_a_finished_run_s_manifest_has_them(originals: dict[str, Run], kind: str) -> None:
    run = originals[kind]
    left = contents(run.path)
    del left["manifest.json"]
    assert len(left) >= 3
    assert run.read_manifest().files == {
        name: hashlib.sha256(content).hexdigest() for name, content in left.items()
    }


def test_all_files_of_a_finished_run(make_run: MakeRun) -> None:
    run = make_run()
    hashes = file_hashes(run)
    assert hashes.keys() == contents(run.path).keys() - {"manifest.json"}
    assert changed_files(run, hashes) == {}


@pytest.mark.parametrize("name", ["config.yaml", "epochs.csv", "test_predictions.npy"])
def test_any_byte_counts(make_run: MakeRun, name: str) -> None:
    run = make_run()
    hashes = file_hashes(run)
    path = run.path / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert changed_files(run, hashes) == {name: "changed"}


def test_only_files_touched_since_are_read(make_run: MakeRun) -> None:
    run = make_run()
    hashes = file_hashes(run)
    for path, second in ((run.epochs, 999.0), (run.config, 1000.0), (run.weights, 1001.0)):
        path.write_bytes(b"another")
        os.utime(path, (second, second))
    os.utime(run.batches, (1001.0, 1001.0))  # touched, and as it was
    changes = changed_files(run, hashes, touched_since=1000.0)
    assert changes == {"config.yaml": "changed", "weights.pt": "changed"}


def test_files_missing_and_new(make_run: MakeRun) -> None:
    run = make_run("published")
    hashes = file_hashes(run)
    run.weights.unlink()
    run.evaluations.write_bytes(b"")
    assert changed_files(run, hashes) == {"evaluations.csv": "new", "weights.pt": "missing"}


def test_names_that_lead_elsewhere_open_nothing(make_run: MakeRun, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"abc")
    run = make_run()
    stated = file_hashes(run) | {"../../outside": ABC, str(outside): ABC}
    outsiders = {"../../outside", str(outside)}
    assert changed_files(run, stated) == dict.fromkeys(outsiders, "missing")  # though they exist
