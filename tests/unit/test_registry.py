"""What a config may name: entered once, found by its name, or refused with the nearest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from bnbench.registry import ALLOW_IMPORT, Registry
from tests.invoke import invoke


def test_a_name_is_entered_once_and_found() -> None:
    sizes = Registry[int]("size", lambda _, found: found)
    assert sizes.register("large")(3) == 3
    assert sizes.find("large") == 3
    with pytest.raises(ValueError, match="size 'large' is registered twice"):
        sizes.add("large", 4)
    assert sizes == {"large": 3}


def test_another_name_is_refused_with_the_nearest() -> None:
    sizes = Registry[int]("size", lambda _, found: found)
    sizes.update(large=3, small=1)
    with pytest.raises(BnbenchError, match=r"^a\.yaml:1:2: size: there is no size 'larg'; did you"):
        sizes.find("larg", "a.yaml:1:2: size")
    with pytest.raises(BnbenchError, match="choose one of: large, small"):
        sizes.find("xyz")
    norms = Registry[int]("normalization", lambda _, found: found)
    norms.update(batch=1, batch_renorm=2)
    for slip in ("batch_norm", "batchnorm"):  # the nearest in letters is another method
        with pytest.raises(BnbenchError, match=r"did you mean 'batch'\?$"):
            norms.find(slip)
    sizes.update((f"size {number:02}", number) for number in range(60))
    with pytest.raises(BnbenchError, match=r"large, size 00, .*, size 38, and 22 more$"):
        sizes.find("xyz")


def number(_: str, found: object) -> int:
    if not isinstance(found, int):
        raise TypeError("it is no number")
    return found


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module of a name of its own into the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text: str) -> str:
        name = f"own_{abs(hash((str(tmp_path), text)))}"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return name

    return write


def test_an_import_path_runs_nothing_unless_it_is_allowed(
    module: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = Registry[int]("size", number)
    text = "from pathlib import Path\nPath('made').touch()\nlarge = 3\n"
    path = f"{module(text)}:large"
    with pytest.raises(BnbenchError, match=r"^a\.yaml:1:2: own_\d+:large is code, which a config"):
        sizes.find(path, "a.yaml:1:2")
    assert not (tmp_path / "made").exists()
    monkeypatch.setenv(ALLOW_IMPORT, "1")
    assert sizes.find(path) == 3
    assert (tmp_path / "made").exists()
    assert sizes.find(path) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("small = 1", r"own_\d+ has no 'large'"),
        ("large = 'text'", r"own_\d+:large is no size: it is no number"),
        ("large = 1 / 0", r"own_\d+\.py:1: ZeroDivisionError"),
    ],
)
def test_what_an_import_path_may_name(
    module: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv(ALLOW_IMPORT, "1")
    with pytest.raises(BnbenchError, match=said) as caught:
        Registry[int]("size", number).find(f"{module(text)}:large", "a.yaml")
    assert str(caught.value).startswith("a.yaml: ")
    assert "\n" not in str(caught.value)


def test_a_module_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_IMPORT, "1")
    with pytest.raises(BnbenchError, match=r"there is no module nonesuch\.models .*install it"):
        Registry[int]("size", number).find("nonesuch.models:Net")


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed into a folder of its own."""
    target, source = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("source") / "own"
    shutil.copytree(root / "examples/own_package", source)  # it is built where it lies
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
        "--no-build-isolation", "--target", str(target), str(source),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return target


def bnbench(*arguments: str, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{path}"}
    command = [sys.executable, "-m", "bnbench", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=cwd, env=environment
    )


def test_an_installed_package_is_found_by_its_names(
    installed: Path, root: Path, tmp_path: Path
) -> None:
    config = str(root / "examples/own_package/bars.yaml")
    trained = bnbench("train", config, "--results", "results", path=installed, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    manifest = (tmp_path / "results/bars/seed-0/manifest.json").read_text()
    assert '"bnbench_example.models"' in manifest  # its code decides numbers, too
    without = invoke("train", config).exception  # this process does not have the package
    assert "there is no architecture 'WideLayer'" in str(without)


def test_an_import_path_of_the_command_line(installed: Path, tmp_path: Path) -> None:
    path = "bnbench_example.models:WideLayer"
    arguments = ("check-model", path)
    refused = invoke(*arguments).exception
    assert isinstance(refused, BnbenchError)
    assert "--allow-import" in str(refused)
    assert "\n" not in str(refused)
    allowed = bnbench("--allow-import", *arguments, path=installed, cwd=tmp_path)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
