"""Memory that a run frees and soon wants again stays with its process."""

from __future__ import annotations

import ctypes
import platform

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # as in glibc's malloc.h
KEPT = 1 << 30  # bytes: of the largest array, and in all


def keep_freed_memory() -> None:
    """Have the C library keep what arrays leave behind. No number depends on it.

    An evaluation makes and frees arrays of some megabytes for every batch, a probe of 2,000 images
    some of 40. The GNU C library would return each to the system, which clears its pages before it
    hands them out again: evaluations of LeNet-5 then take up to twice their time, and such probes
    three times. The price is that a process keeps the memory that it needed once. Other C libraries
    are left as they are.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(MMAP_THRESHOLD, KEPT)
        libc.mallopt(TRIM_THRESHOLD, KEPT)
