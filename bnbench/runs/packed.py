"""Runs packed for git: one file ``<experiment>.tar.xz`` in place of the folder of an experiment.

It holds the very bytes of the runs' files, so that hashes and seals still hold. ``tar xf`` unpacks
it, and `opened` does so for every command that reads runs.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from platformdirs import user_cache_path

from bnbench.errors import BnbenchError, name_copy
from bnbench.foreign import MEBIBYTE, entries, is_folder, is_regular, read_foreign, there_is
from bnbench.runs.files import write_bytes

SUFFIX = ".tar.xz"
MOST_PACKED = 16 * MEBIBYTE
MOST_TOGETHER = 256 * MEBIBYTE  # packed
MOST_UNPACKED = 256 * MEBIBYTE
FILE = re.compile(r"seed-\d{1,19}/(probes/)?[A-Za-z0-9_]+\.(yaml|json|csv|npy|npz)")
"""Files of a run, from the folder of its experiment. Weights and checkpoints are not packed."""

MANIFEST = "*/seed-*/manifest.json"
"""Of a plain run, from its results folder; a name of an experiment may have a slash more."""

STUDIES = "studies"
"""Below a results folder: a file for each study, which says what it asks, and since when."""

UNUSED = 7 * 24 * 3600.0
"""Seconds after which what no command has opened is removed from the cache: a week."""

Files = Mapping[str, bytes]
"""Name, such as ``seed-0/epochs.csv`` -> content."""


def pack(files: Files, path: Path) -> None:
    """Write an experiment's files as one, unless they are what is there already.

    Files of one name are neighbours: between seeds they differ little.
    """
    if path.is_file() and read_packed(path) == files:
        return  # another release of the compressor might write other bytes
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files, key=_kind_and_seed):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            archive.addfile(member, BytesIO(files[name]))
    packed = lzma.compress(content.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    write_bytes(path, packed)


def _kind_and_seed(name: str) -> tuple[str, int]:
    seed, _, file = name.partition("/")
    return file, int(seed.removeprefix("seed-"))


def read_packed(path: Path) -> dict[str, bytes]:
    """Read what `pack` wrote; whatever it would not have written is refused."""
    try:
        content = decompressed(read_foreign(path, MOST_PACKED))
        with tarfile.open(fileobj=BytesIO(content), mode="r:") as archive:
            return dict(_file(archive, member) for member in archive)
    except (lzma.LZMAError, tarfile.TarError, ValueError, EOFError) as error:
        raise BnbenchError(
            f"{path}: is no experiment as bnbench packs it ({error}); put back the file"
        ) from None


def decompressed(packed: bytes) -> bytes:
    """Undo LZMA, of a foreign file too: it may not take all memory.

    Raises
    ------
    LZMAError, ValueError
        If it is not whole, or larger than a packed file is.
    """
    reader = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MOST_UNPACKED)
    content = reader.decompress(packed, max_length=MOST_UNPACKED)
    if not reader.eof:
        raise ValueError("cut short, or larger than such a file is")
    return content


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, bytes]:
    plain = member.isreg() and not member.issparse()  # a sparse file may be of any size
    reader = archive.extractfile(member) if plain else None
    if reader is None or not FILE.fullmatch(member.name):
        raise ValueError(f"{member.name[:80]!a} is no file of a run")
    content = reader.read()
    if len(content) != member.size:
        raise ValueError("cut short")
    return member.name, content


def opened(path: Path) -> Path:
    """Find a folder of runs as a folder: itself, or where the packed one has been unpacked.

    Packed runs and plain ones in one folder are refused: of two runs of a seed nobody could say
    which is meant. Copies that a report keeps in `runs`, beside the plain runs, are left aside.

    Parameters
    ----------
    path : Path
        A results folder, an experiment or a run, or the folder of a report with its `runs`. It
        need not exist.
    """
    kept = path / "runs"
    if _archives(kept):
        if any(not run.is_relative_to(kept) for run in _plain(path)):
            return path
        path = kept
    if archives := _archives(path):
        _refuse_both(archives[0], _plain(path))
        return _unpacked(path, archives)
    for folder in (path, *path.parents):
        packed = folder.with_name(folder.name + SUFFIX) if folder.name else folder
        if is_regular(packed) and not there_is(path / "manifest.json"):
            _refuse_both(packed, [*folder.glob("seed-*/manifest.json")])
            if not there_is(folder):
                results = _unpacked(folder.parent, _archives(folder.parent))
                return results / path.relative_to(folder.parent)
    return path


def refuse_packed(results: Path) -> None:
    """Refuse a folder of packed runs as the place of new ones: no command would read both."""
    if archives := _archives(results):
        raise BnbenchError(
            f"{archives[0]}: is packed, and no run can be added beside it; copy what is there by"
            f" `bnbench merge {results} --results FOLDER`, and give that folder"
        )


def _plain(folder: Path) -> list[Path]:
    """List the manifests of the runs in a results folder that are not packed."""
    return sorted([*folder.glob(MANIFEST), *folder.glob(f"*/{MANIFEST}")])


def _refuse_both(packed: Path, plain: Sequence[Path]) -> None:
    if plain:
        raise BnbenchError(
            f"{packed}: packed runs are not read together with plain ones, such as"
            f" {plain[0].parent}; move the file, or the plain runs, to another folder"
        )


def _archives(folder: Path) -> list[Path]:
    """List the packed experiments of a results folder; a name has one slash at most."""
    if not is_folder(folder):
        return []
    return sorted([*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*/*{SUFFIX}")])


def _unpacked(folder: Path, archives: Sequence[Path]) -> Path:
    """Unpack a results folder into the user's cache, once for the same bytes.

    How long ago a folder there was opened last is the time of its last change.
    """
    if sum(path.stat().st_size for path in archives) > MOST_TOGETHER:
        raise BnbenchError(f"{folder}: holds more packed runs than are unpacked; give it in parts")
    kept = {path: read_foreign(path, MOST_PACKED) for path in archives}
    registered = sorted(folder.glob(f"{STUDIES}/*.json"))
    kept |= {path: read_foreign(path, MEBIBYTE) for path in registered}
    digest = hashlib.sha256()
    for path, content in kept.items():
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    target = _cache(folder) / digest.hexdigest()[:16]
    try:
        if not target.is_dir():
            _remove_unused(target.parent)
            _unpack(folder, archives, registered, target)
    except OSError as error:
        raise BnbenchError(
            f"{target}: cannot be written ({error.strerror}), and {folder} is unpacked there;"
            " unpack its files yourself, by tar xf"
        ) from None
    with suppress(OSError):  # a cache that can only be read is nobody's to tidy up
        os.utime(target)
    name_copy(target, folder)
    return target


def _remove_unused(cache: Path) -> None:
    """Remove what no command has opened for long, and what killed ones have left.

    A folder is renamed first: half of one would be taken for the whole.
    """
    for folder in entries(cache) if is_folder(cache) else ():
        with suppress(OSError):  # another command does the same
            if time.time() - folder.stat().st_mtime > UNUSED:
                gone = folder.with_name(f".{folder.name}")
                folder.rename(gone)
                shutil.rmtree(gone)


def is_unpacked(path: Path) -> bool:
    """Whether a folder is a copy that `opened` has made."""
    try:
        return path.resolve().is_relative_to(_cache(path).resolve())
    except BnbenchError:  # without a home there is none
        return False


def _cache(folder: Path) -> Path:
    try:
        return user_cache_path("bnbench", appauthor=False) / "unpacked"
    except RuntimeError:  # no HOME, and a user without a name, as in containers
        raise BnbenchError(
            f"{folder}: is unpacked into the cache of the user, who has no home folder; set HOME,"
            " or unpack its files yourself, by tar xf"
        ) from None


def _unpack(
    folder: Path, archives: Sequence[Path], registered: Sequence[Path], target: Path
) -> None:
    """Write everything beside the target, which is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
    try:
        for path in archives:
            place = beside / str(path.relative_to(folder)).removesuffix(SUFFIX)
            for name, content in read_packed(path).items():
                file = place / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        for path in registered:
            copy = beside / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        beside.rename(target)
    except OSError:
        if not target.is_dir():  # another command may have done the same meanwhile
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
