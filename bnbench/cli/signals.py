"""Ctrl-C and a polite kill: the command ends in good order, and with the usual exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StoppedError(KeyboardInterrupt):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def unless_stopped(do: Callable[[], int]) -> int:
    """Do something that runs can be gone on with after SIGINT or SIGTERM.

    Returns
    -------
    int
        The exit code that `do` gives; 130 (SIGINT) or 143 (SIGTERM) if it was stopped.
    """
    try:
        with _raising():
            return do()
    except StoppedError as stop:
        print("bnbench: interrupted; the same command does what is left", file=sys.stderr)  # noqa: T201
        return 128 + stop.number


@contextmanager
def _raising() -> Iterator[None]:
    """Let the signals raise `StoppedError`, but those that the caller's shell has ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, _frame: object) -> None:
    raise StoppedError(number)
