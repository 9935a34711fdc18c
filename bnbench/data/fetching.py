"""Bring a dataset's files into the data folder: once, verified, whole or not at all."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bnbench.data.datasets import DataFile, Dataset
from bnbench.data.files import check_content, find_file, raw_folder, read_file
from bnbench.data.idx import read_content
from bnbench.data.sources import SOURCES, Source, first_line
from bnbench.errors import BnbenchError
from bnbench.runs.directory import NO_LOCKS, cannot_lock
from bnbench.runs.files import rename

LOG = logging.getLogger(__name__)
LOCK_SECONDS: Final = 900.0  # longer than all sources together, should none of them answer


def fetch(dataset: Dataset, folder: Path, sources: Mapping[str, Source] = SOURCES) -> Path:
    """Make sure that all files of a dataset are there, and are the published ones.

    Files that are there already are verified and kept; nothing of the user's is replaced. Any
    number of processes may fetch into one folder: one downloads, the others wait for it. A
    folder that is complete is only read, so it may be read-only.

    Parameters
    ----------
    dataset : Dataset
        One without files (``digits``) needs nothing.
    folder : Path
        The data folder, see `data_folder`.
    sources : mapping of str to Source
        Whom to ask, in that order.

    Returns
    -------
    Path
        The folder that holds the files.
    """
    raw = raw_folder(dataset, folder)
    for file in dataset.files:
        if find_file(file, raw) is not None:
            read_file(dataset, file, raw)
    if _missing(dataset, raw):
        with _locked(raw):
            # Asked again: whoever held the lock may have brought them.
            _bring(dataset, _missing(dataset, raw), raw, sources)
    return raw


def _missing(dataset: Dataset, raw: Path) -> list[DataFile]:
    return [file for file in dataset.files if find_file(file, raw) is None]


def _bring(
    dataset: Dataset, missing: list[DataFile], raw: Path, sources: Mapping[str, Source]
) -> None:
    """Ask the sources in turn until one delivers all that is missing, then install it."""
    if not missing:
        return
    answers = {}
    for name, source in sources.items():
        LOG.info("%s: asking %s", dataset.title, name)
        with _workshop(raw) as workshop:
            try:
                source(dataset, workshop)
                contents = [_collect(dataset, file, workshop) for file in missing]
            except Exception as error:  # noqa: BLE001 - a source may fail in any way; ask the next
                answers[name] = first_line(error).replace(f"{workshop}{os.sep}", "")
                continue
            for file, content in zip(missing, contents, strict=True):
                _install(content, file.name, workshop, raw)
            return
    raise BnbenchError(*_offline_help(dataset, raw, answers))


def _collect(dataset: Dataset, file: DataFile, workshop: Path) -> bytearray:
    path = find_file(file, workshop)
    if path is None:
        raise BnbenchError(f"did not deliver {file.name}")
    content = read_content(path)
    check_content(dataset, file, content, path)
    return content


def _install(content: bytearray, name: str, workshop: Path, raw: Path) -> None:
    """Write beside, flush to the disk, rename: the file is there whole or not at all."""
    part = workshop / f"{name}.part"
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    rename(part, raw / name)


@contextmanager
def _locked(raw: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with its process however that ends."""
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with FileLock(raw / ".lock", timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise BnbenchError(
            f"{raw}: another process has been fetching for {LOCK_SECONDS:g} s; "
            "wait for it or end it, then try again"
        ) from error
    except NotImplementedError:  # filelock's word for ENOSYS
        raise cannot_lock(raw, "--data-dir") from None
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise cannot_lock(raw, "--data-dir") from None
        raise BnbenchError(
            f"{raw}: cannot be written ({error.strerror or error}); "
            "name another data folder in BNBENCH_DATA_DIR"
        ) from error


@contextmanager
def _workshop(raw: Path) -> Iterator[Path]:
    """Make an empty folder on the same file system, so that a rename is one step.

    The name is fixed: what a killed process left in it goes with the next fetch. Only the
    holder of the lock comes here.
    """
    workshop = raw / ".fetching"
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir()
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _offline_help(dataset: Dataset, raw: Path, answers: Mapping[str, str]) -> list[str]:
    """List what each source answered, and what to put where by hand."""
    asked = [f"  {name}: {answer}" for name, answer in answers.items()]
    wanted = [
        f"  {file.name}"
        + (f"  MD5 {file.md5}" if file.md5 else "")
        + (f"  SHA-256 {file.sha256}" if file.sha256 else "")
        for file in dataset.files
    ]
    known = any(file.md5 or file.sha256 for file in dataset.files)
    of_which = " (the checksums are of the plain ones)" if known else ""
    return [
        f"{dataset.title}: no source delivered it.",
        *asked,
        f"Put these files, plain or as .gz{of_which}, into {raw}:",
        *wanted,
        "Or leave it out: `-o data.dataset=digits` needs no network, only scikit-learn.",
    ]
