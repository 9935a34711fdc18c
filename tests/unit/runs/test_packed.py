"""Packed runs are the bytes of the folders, and nothing that came in a foreign file."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from bnbench.runs import Run, find_runs, opened, pack
from bnbench.runs.overview import look_over
from bnbench.runs.packed import read_packed
from bnbench.runs.removal import check_removal
from tests.files import contents
from tests.invoke import invoke
from tests.manifests import write_manifest

FILES = {
    f"seed-{seed}/{name}": f"{name} of {seed}\n".encode() * 50
    for seed in (0, 2, 10)
    for name in ("config.yaml", "manifest.json", "epochs.csv", "probes/activations.npz")
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("bnbench.runs.packed.user_cache_path", lambda *_, **__: folder)
    return folder


def test_the_bytes_come_back_by_tar_and_by_opening(tmp_path: Path, cache: Path) -> None:
    """The second route is the standard library's own."""
    results = tmp_path / "out/runs"
    pack(FILES, results / "lenet5.tar.xz")
    pack(FILES, results / "published/lenet5.tar.xz")
    with tarfile.open(results / "lenet5.tar.xz") as file:
        file.extractall(tmp_path / "plain", filter="data")
    assert contents(tmp_path / "plain") == FILES
    folder = opened(results)
    assert contents(folder / "lenet5") == contents(folder / "published/lenet5") == FILES
    assert folder == opened(results) == opened(tmp_path / "out")
    problem = BnbenchError(f"{folder}/published/lenet5/seed-2: is cut short")
    assert str(problem) == f"{results}/published/lenet5/seed-2: is cut short"
    run = opened(results / "published/lenet5/seed-2")
    assert contents(run.parent) == FILES
    assert run.name == "seed-2"
    assert opened(tmp_path / "plain") == tmp_path / "plain"
    assert opened(tmp_path / "nowhere/at all") == tmp_path / "nowhere/at all"
    pack({}, results / "lenet5.tar.xz")  # other bytes are another folder
    assert not (opened(results) / "lenet5").exists()
    assert len(list((cache / "unpacked").iterdir())) == 3  # all, those of `published`, all again


def test_the_same_files_leave_the_packed_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "lenet5.tar.xz"
    path.write_bytes(lzma.compress(tar(FILES), preset=0))  # as another compressor would
    before = path.read_bytes()
    pack(dict(reversed(FILES.items())), path)
    assert path.read_bytes() == before
    pack(FILES | {"seed-0/epochs.csv": b"another\n"}, path)
    assert read_packed(path)["seed-0/epochs.csv"] == b"another\n"


def test_packed_runs_are_found_and_listed(
    tmp_path: Path, make_packed: Callable[[Path], None]
) -> None:
    make_packed(tmp_path / "out/runs")
    assert [run.path.name for run in find_runs([tmp_path / "out/runs/some"])] == ["seed-0"]
    assert [one.experiment for one in look_over(tmp_path / "out").experiments] == ["some"]


@pytest.mark.parametrize("asked", ["runs", "runs/inside", "runs/inside/plain"])
def test_a_packed_run_is_named_whole_however_its_folder_was_given(
    tmp_path: Path, asked: str
) -> None:
    plain = write_manifest(tmp_path / "plain", 0, experiment="inside/plain").parent
    files = {f"seed-0/{path.name}": path.read_bytes() for path in plain.iterdir()}
    pack(files, tmp_path / "runs/inside/plain.tar.xz")
    (listed,) = look_over(tmp_path / asked).runs
    run = Run(Path(listed.path))
    assert run.place() == Path("inside/plain/seed-0")
    assert Run(plain).place() == plain
    inside = tmp_path / "runs/inside"
    says = f"^{inside}: holds no run .*; name one of its experiments, such as {inside}/plain$"
    with pytest.raises(BnbenchError, match=says):
        find_runs([inside])


def test_what_nobody_has_opened_for_a_week_leaves_the_cache(tmp_path: Path, cache: Path) -> None:
    """As does what a killed command has left there; what is opened meanwhile stays."""

    def packed(number: int) -> Path:
        pack({"seed-0/manifest.json": bytes([number])}, tmp_path / f"{number}/some.tar.xz")
        return tmp_path / str(number)

    def age(folder: Path, days: float) -> None:
        os.utime(folder, (time.time() - days * 86_400,) * 2)

    forgotten, used, young = (opened(packed(number)) for number in range(3))
    left = cache / "unpacked/.half"
    left.mkdir()
    for folder in (forgotten, used, left):
        age(folder, 7.1)
    age(young, 6.9)
    assert opened(tmp_path / "1") == used
    new = opened(packed(3))
    assert {*(cache / "unpacked").iterdir()} == {used, young, new}
    assert contents(opened(tmp_path / "0")) == {"some/seed-0/manifest.json": b"\0"}


@pytest.mark.parametrize("asked", ["", "runs", "runs/some", "runs/some/seed-7"])
def test_packed_runs_and_plain_ones_in_one_folder_are_refused(
    tmp_path: Path, make_packed: Callable[[Path], None], asked: str
) -> None:
    make_packed(tmp_path / "out/runs")
    plain = write_manifest(tmp_path / "out/runs/some", 3).parent
    with pytest.raises(BnbenchError) as caught:
        opened(tmp_path / "out" / asked)
    assert str(caught.value) == (
        f"{tmp_path / 'out/runs/some.tar.xz'}: packed runs are not read together with plain ones,"
        f" such as {plain}; move the file, or the plain runs, to another folder"
    )
    assert opened(plain) == plain  # named by itself, it is meant


def test_no_command_adds_a_run_beside_packed_ones(
    tmp_path: Path, make_packed: Callable[[Path], None]
) -> None:
    results = tmp_path / "results"
    make_packed(results)
    before = contents(results)
    for command in (["train", "lenet5"], ["reproduce", "headline"], ["merge", f"{tmp_path}/other"]):
        refused = invoke(*command, "--results", results).exception
        assert isinstance(refused, BnbenchError)
        assert str(refused).startswith(f"{results / 'some.tar.xz'}: is packed, and no run can be")
    assert contents(results) == before


def test_another_experiment_is_refused_with_its_folder_only(
    tmp_path: Path, make_packed: Callable[[Path], None]
) -> None:
    results = tmp_path / "out"
    make_packed(results)
    other = write_manifest(results / "group/other", 3).parent.parent
    with pytest.raises(BnbenchError, match="not read together"):
        look_over(results)
    assert opened(other) == other
    assert [run.path.name for run in find_runs([results / "some", other])] == ["seed-0", "seed-3"]


def test_what_a_report_keeps_hides_no_run_beside_it(
    tmp_path: Path, make_packed: Callable[[Path], None]
) -> None:
    results = tmp_path / "out"
    make_packed(results / "runs")
    write_manifest(results / "mine", 3)
    (results / "report.html").touch()
    assert [one.experiment for one in look_over(results).experiments] == ["mine"]
    assert [one.experiment for one in look_over(results / "runs").experiments] == ["some"]


@pytest.fixture
def make_packed(tmp_path: Path) -> Callable[[Path], None]:
    def make(results: Path) -> None:
        folder = write_manifest(tmp_path / "plain/some", 0).parent
        pack({f"seed-0/{path.name}": path.read_bytes() for path in folder.iterdir()},
             results / "some.tar.xz")  # fmt: skip

    return make


def tar(files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            member.size = len(text) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(text))
    return content.getvalue()


def sparse(size: int) -> bytes:
    """A file of nothing but a hole, as GNU tar writes it."""
    member = tarfile.TarInfo("seed-0/epochs.csv")
    member.pax_headers = {"GNU.sparse.size": str(size), "GNU.sparse.map": "0,0"}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member)
    return content.getvalue()


SEVERAL = tar(FILES)
BAD = {
    "nothing": b"",
    "no archive": b"metric,value\n",
    "cut short": lzma.compress(SEVERAL)[:-40],
    "tar cut short": lzma.compress(SEVERAL[:3000]),
    "no tar": lzma.compress(b"x" * 2048),
    "a link": lzma.compress(tar({"seed-0/epochs.csv": b""}, tarfile.SYMTYPE)),
    "a folder": lzma.compress(tar({"seed-0": b""}, tarfile.DIRTYPE)),
    "outside": lzma.compress(tar({"../seed-0/epochs.csv": b""})),
    "absolute": lzma.compress(tar({"/seed-0/epochs.csv": b""})),
    "weights": lzma.compress(tar({"seed-0/weights.pt": b""})),
    "a hole": lzma.compress(sparse(1 << 31)),
    "a bomb": lzma.compress(b"\0" * (17 << 20), preset=1),
}
MOST = 16 << 20
"""Bytes that are unpacked in this test: to pack a bomb for the real limit takes seconds."""


@pytest.mark.parametrize("content", BAD.values(), ids=list(BAD))
def test_what_is_no_packed_experiment_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("bnbench.runs.packed.MOST_UNPACKED", MOST)
    path = tmp_path / "runs/lenet5.tar.xz"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BnbenchError, match="is no experiment as bnbench packs it") as caught:
        opened(tmp_path / "runs")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "seed-0").exists()
    assert list((tmp_path / "cache/unpacked").iterdir()) == []


def test_the_copy_of_a_packed_run_is_not_removed(
    tmp_path: Path, make_packed: Callable[[Path], None]
) -> None:
    """The next command would take what is left of it for the packed runs."""
    make_packed(tmp_path / "runs")
    with pytest.raises(BnbenchError, match="is unpacked from a file that keeps it"):
        check_removal(find_runs([tmp_path / "runs/some"]))


def test_without_a_home_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_packed: Callable[[Path], None]
) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    make_packed(tmp_path / "runs")
    monkeypatch.setattr("bnbench.runs.packed.user_cache_path", no_home)
    with pytest.raises(BnbenchError, match="by tar xf"):
        opened(tmp_path / "runs")


def test_more_than_fits_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_packed: Callable[[Path], None]
) -> None:
    make_packed(tmp_path / "runs")
    monkeypatch.setattr("bnbench.runs.packed.MOST_TOGETHER", 10)
    with pytest.raises(BnbenchError, match="more packed runs than are unpacked"):
        opened(tmp_path / "runs")
