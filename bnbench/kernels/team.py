"""Threads that help with the layers of one run; how many there are changes no bit."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bnbench.kernels import loops
from bnbench.kernels.box import CLOSED, HEAD
from bnbench.kernels.job import FIELDS, Job

address = 0
"""Of the box of this process's team; 0: there is none."""


@contextmanager
def team(threads: int) -> Iterator[None]:
    """Have so many threads, but no more than there are cores, compute float32 layers."""
    global address
    helpers = min(threads, os.cpu_count() or 1) - 1
    if helpers < 1 or address:
        yield
        return
    box = np.zeros(HEAD + FIELDS, dtype=np.int64)
    told = np.float32(0), box.ctypes.data, 0, tuple(Job())
    started = [threading.Thread(target=loops.layer, args=told, daemon=True) for _ in range(helpers)]
    for thread in started:
        thread.start()
    address = box.ctypes.data
    try:
        yield
    finally:
        address = 0
        box[CLOSED] = 1
        for thread in started:
            thread.join()
