"""A data set's files in Ray's object store, from which every node takes them once."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from bnbench.config import DataSettings
from bnbench.data import data_folder, describe_splits, find_dataset, locate, raw_folder
from bnbench.data.files import find_file
from bnbench.errors import BnbenchError
from bnbench.runs import write_bytes


@dataclass(frozen=True)
class DataParcel:
    """Where the files of a data set are to be had.

    Attributes
    ----------
    files : ray.ObjectRef
        Of a mapping: file name -> content.
    """

    dataset_hash: str
    files: Any


def pack(ray: Any, settings: DataSettings, data_dir: Path | None) -> DataParcel | None:
    """Put a data set's files into the object store; ``None`` where it comes with a package."""
    dataset, folder = find_dataset(settings.dataset), data_folder(data_dir)
    if not dataset.files:
        return None
    dataset_hash = describe_splits(settings, folder).dataset_hash  # fetches what is missing
    paths = [find_file(file, raw_folder(dataset, folder)) for file in dataset.files]
    return DataParcel(
        dataset_hash, ray.put({path.name: path.read_bytes() for path in paths if path})
    )


def own_folder() -> Path:
    """Make a folder of this user's, or take it if it is there.

    The temporary folder is everybody's: what somebody else has put there is refused.
    """
    user = getattr(os, "getuid", int)()  # on Windows the temporary folder is the user's own
    folder = Path(gettempdir()) / f"bnbench-data-{user}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
        raise BnbenchError(f"{folder}: is a link, no folder, or another user's; remove it")
    if os.name != "nt" and found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def unpack(ray: Any, settings: DataSettings, parcel: DataParcel) -> Path:
    """Put the files into a folder of this node's, unless they are there.

    Returns
    -------
    Path
        The data folder. A run verifies what it reads from it.
    """
    folder = own_folder() / parcel.dataset_hash
    dataset = find_dataset(settings.dataset)
    if locate(dataset, folder) is None:
        for name, content in ray.get(parcel.files).items():
            write_bytes(raw_folder(dataset, folder) / name, content)
    return folder
