"""What is given to a command may be anything: an answer is lines that the program began."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from tests.invoke import ended, invoke

Refused = Callable[..., list[str]]
Captured = pytest.CaptureFixture[str]
FORGED = "some\nbnbench: forged"
LONG = "x" * 300


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path) -> Refused:
    """Call the command line, and give the lines of its complaint."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> list[str]:
        assert ended(monkeypatch, *arguments) == 2
        return capsys.readouterr().err.splitlines()

    return call


COMMANDS = [
    ("list", "{}"), ("verify", "{}"), ("compare", "{}"), ("diff", "{}", "{}"), ("report", "{}"),
    ("train", "-c", "{}"), ("claims", "--results", "{}"), ("plan", "{}"), ("reproduce", "{}"),
    ("predict", "{}", "x.png"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("name", [FORGED, LONG, "\x1b[31m"], ids=ascii)
def test_a_name_is_said_in_one_line(refused: Refused, command: tuple[str, ...], name: str) -> None:
    (line,) = refused(*(part.format(name) for part in command))
    assert line.startswith("bnbench: ")
    assert line.isprintable()


def test_an_override_is_said_in_one_line(refused: Refused, tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.write_text("experiment: a\nmodel: {name: LeNet5}\n")
    (line,) = refused("train", "-c", str(config), "-o", f"training.{FORGED}=1")
    assert line.startswith("bnbench: ")


def test_a_line_end_in_a_key_of_a_file_begins_no_line(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('experiment: a\n"b\\nbnbench: forged": 1\n')
    lines = refused("train", "-c", "a.yaml")
    assert [line.split(": ")[1] for line in lines] == ["a.yaml:1:1", "a.yaml:2:1"]


@pytest.mark.parametrize(
    "arguments",
    [("plan", "-n", "1000000000"), ("train", "-c", "a.yaml", "-n", "1000000000")],
)
def test_a_billion_seeds_are_refused(refused: Refused, arguments: tuple[str, ...]) -> None:
    assert "100000" in "".join(refused(*arguments))


def test_a_folder_where_a_file_is_to_be_written(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (line,) = refused("train", "-c", "a.yaml")
    assert line.startswith("bnbench: a.yaml: is a folder, and no file of an experiment")


def test_problems_of_problems_are_problems() -> None:
    both = BnbenchError("one", BnbenchError("two", "three\nfour"))
    assert both.problems == ("one", "two", "three\\nfour")
    assert str(both).split("\n") == ["one", "two", "three\\nfour"]


def test_a_user_without_a_home_is_told_of_the_option(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("bnbench.data.files.user_cache_path", no_home)
    monkeypatch.delenv("BNBENCH_DATA_DIR", raising=False)
    (line,) = refused("data", "verify")
    assert "--data-dir" in line
    assert "BNBENCH_DATA_DIR" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_output_onto_a_full_disk_is_one_line(root: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bnbench", "claims", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == ("bnbench: the output cannot be written (No space left on device)\n")


def test_too_many_open_files_are_one_line(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(**_: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(sys.modules["bnbench.cli.app"], "app", no_more)
    (line,) = refused("train", "-c", "a.yaml", "--jobs", "32")
    assert "--jobs" in line
    assert "ulimit -n" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train lenet5 --seeds 0", "'--seeds' / '-n': must be greater than or equal to 1 ("),
        ("reproduce --seeds x", "must be a whole number (Use the seeds 0 ... N-1, not the"),
        ("reproduce --seeds x", "; see `bnbench reproduce --help`"),
        ("train lenet5 -o", "Option '-o' requires an argument; see `bnbench train --help`"),
        ("data fetch --dataset", "requires an argument; see `bnbench data fetch --help`"),
        (f"compare a --out {__file__}", "test_boundary.py' is a file (Folder for figures and"),
        ("reproduce --at-most 9", "--at-most is for --until-decided; add it, or give --seeds"),
        ("train lenet5 training.epochs=1", "is no experiment; a setting is given as -o training."),
        ("claims mine.1", "claims of a study of one's own are known once it was run, and where"),
        ("compare a --format gif", "'--format': 'gif' is not one of 'png', 'svg', 'pdf' (Format"),
        ("train --sed 1", "No such option: --sed (Possible options: --seed, --seeds); see `bnb"),
        ("new", "Missing argument 'file' (The file to write; it must"),
        ("trian", "No such command 'trian'. Did you mean 'train'?"),
        ("data fech", "No such command 'fech'. Did you mean 'fetch'?"),
    ],
)
def test_what_typer_refuses_is_one_line_too(refused: Refused, words: str, said: str) -> None:
    (line,) = refused(*words.split())
    assert line.startswith("bnbench: ")
    assert said in line


def test_a_group_without_a_command_shows_its_help() -> None:
    done = invoke("data")
    assert "Fetch, verify, locate" in done.output
