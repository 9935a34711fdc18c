"""How the processes of runs start: as copies of one that has imported all, where there is such.

That process imports for seconds, as does the command itself. So a command starts it as soon as it
knows that it has runs to do, and both import at the same time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, get_all_start_methods, resource_tracker
from tempfile import gettempdir

LONGEST_TEMPORARY = 103 - len("/pymp-12345678/listener-12345678")
"""Bytes of the temporary folder's path; a socket's path in it may have 103, on macOS."""


def method() -> str:
    """Choose how processes start.

    With ``forkserver`` a process that has done what `bnbench.execution.preloaded` does, and nothing
    else, is copied for every run: as fresh as a spawned one, and two seconds sooner at work.
    Windows has no such thing.
    """
    fits = len(os.fsencode(gettempdir())) <= LONGEST_TEMPORARY
    return "forkserver" if fits and "forkserver" in get_all_start_methods() else "spawn"


def start() -> None:
    """Start the process that is copied, unless it is there, or none is needed here."""
    if method() == "forkserver":
        forkserver.set_forkserver_preload(["bnbench.execution.preloaded"])
        with interrupts_held_back():
            forkserver.ensure_running()


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C, which goes to all processes of a terminal, reach none that is started here.

    The parent, who ends them, gets what came meanwhile. They would print a traceback each.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would let them through again when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
