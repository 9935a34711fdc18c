"""The one error class that the command line turns into lines and exit code 2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

_OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LINE_ENDS = re.compile(r"[\t\n]")


def visible(text: object) -> str:
    """Write out what a terminal would obey: control characters, and marks of direction.

    Names, manifests and paths come from anywhere; an escape sequence in one could hide a line, and
    half of a pair cannot be printed at all.
    """
    return _OBEYED.sub(_written_out, str(text))


def _written_out(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def in_one_line(text: object) -> str:
    """Write out line ends, too, as a file's name may have them: each would begin a line."""
    return _LINE_ENDS.sub(_written_out, visible(text))


_COPIES: dict[str, str] = {}


def name_copy(copy: Path, original: Path) -> None:
    """Let problems name a folder by the one that a person has given, of which it is a copy."""
    _COPIES[str(copy)] = str(original)


def as_given(text: str) -> str:
    """A text in which no folder is a copy; see `name_copy`."""
    for copy, original in _COPIES.items():
        text = text.replace(copy, original)
    return text


class BnbenchError(Exception):
    """Problems that the user can remedy: each names the file, the key and the remedy.

    Whatever reads a config, a file or an option may raise it, so docstrings do not list it under
    Raises; where refusing is a function's work, its text says what it refuses. Anything else that
    is raised is a defect of bnbench and keeps its traceback.

    Parameters
    ----------
    problems : str or BnbenchError
        One problem each, or all of another error's. A line end in one, as a file's name may have
        it, is written out: it would look like the beginning of another problem.
    """

    def __init__(self, *problems: str | BnbenchError) -> None:
        self.problems: tuple[str, ...] = tuple(
            line
            for problem in problems
            for line in (
                problem.problems
                if isinstance(problem, BnbenchError)
                else [in_one_line(as_given(problem))]
            )
        )
        assert self.problems, "an error that says nothing would be passed over"
        super().__init__(*self.problems)

    def __str__(self) -> str:
        """All problems, a line each."""
        return "\n".join(self.problems)


def more_than_told(count: int, told: int) -> list[str]:
    """Say how many problems stay untold, where there are more than are told."""
    return [f"{count - told:,} more problems are left out"] if count > told else []


Given = TypeVar("Given")
Made = TypeVar("Made")


@contextmanager
def noted(problems: list[str]) -> Iterator[None]:
    """Add the problems of what is done to others, and go on behind it."""
    try:
        yield
    except BnbenchError as error:
        problems += error.problems


def each(make: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """Make something of each, and refuse the problems of all of them together."""
    made: list[Made] = []
    problems: list[str] = []
    for thing in given:
        with noted(problems):
            made.append(make(thing))
    if problems:
        raise BnbenchError(*dict.fromkeys(problems))
    return made
