"""Ctrl-C, a polite kill, a terminal that is closed: the command ends in good order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bnbench.cli.terminal import tell

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Windows knows no SIGHUP."""


def unless_stopped(do: Callable[[], int]) -> int:
    """Do something that can be gone on with after one of `STOPS`.

    Returns
    -------
    int
        The exit code that `do` gives; 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP) if it was
        stopped.
    """
    with _noted() as signals:
        try:
            return do()
        except KeyboardInterrupt:
            tell("bnbench: interrupted; the same command does what is left")
            return 128 + (signals or [signal.SIGINT])[-1]


@contextmanager
def _noted() -> Iterator[list[int]]:
    """Let the signals raise `KeyboardInterrupt`, unless the caller's shell has them ignored.

    Their numbers are noted apart: libraries, such as Ray, raise another one in its place.
    """
    signals: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in STOPS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
