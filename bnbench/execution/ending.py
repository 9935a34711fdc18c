"""The last word on a run that can no longer say itself how it ended."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from bnbench.errors import BnbenchError
from bnbench.runs import Run, now


def mark_ended(
    run: Run, status: Literal["failed", "interrupted"], error: str | None = None
) -> None:
    """Say in the manifest how a run has ended, if it says ``running`` and can be written.

    Whoever calls this holds the run's lock.
    """
    with suppress(BnbenchError, OSError):
        if (manifest := run.read_manifest()).status == "running":
            manifest.changed(status=status, error=error, ended=now()).write(run.manifest)
