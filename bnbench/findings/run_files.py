"""What a run's files hold, checked; nothing is trusted.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file; `bnbench.runs.problems` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.runs import Log, Manifest, Run, changed_since
from bnbench.runs.tables import REMEDY, not_as_written

if TYPE_CHECKING:
    import pandas as pd


def as_frame(log: Log) -> pd.DataFrame:
    """The same columns and rows as a frame."""
    import pandas as pd  # here, since it takes a third of a second

    return pd.DataFrame({name: log[name] for name in log.columns})


def refuse_first(problems: Iterator[str]) -> None:
    """Refuse a file that has a problem."""
    for problem in problems:
        raise BnbenchError(f"{problem}; {REMEDY}")


def refuse_changes(run: Run, manifest: Manifest, experiment: Experiment) -> None:
    """Refuse a run of which a file is another one than its manifest says; some may not be kept."""
    for name, change in changed_since(run, manifest, experiment).items():
        if change == "changed":
            raise not_as_written(run.path / name, "has changed since the run ended")
