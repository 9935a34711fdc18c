"""What a contender tells of itself: JSON on the last line of its standard output.

Only the standard library: the peers run where bnbench is not installed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measurement:
    """Epochs of one program.

    Attributes
    ----------
    seconds : list of float
        Each epoch's training and validation.
    accuracy : float
        On the validation split after the last epoch, in [0, 1]: the same work has been done.
    peak_mib : float
        Largest resident memory of the process, MiB.
    scoring : list of float
        Seconds of each epoch's pass over the training split after it; empty where there is none.
    """

    seconds: list[float]
    accuracy: float
    peak_mib: float
    scoring: list[float]


def tell(seconds: list[float], accuracy: float, scoring: Sequence[float] = ()) -> None:
    """Print this process's measurement."""
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(asdict(Measurement(seconds, accuracy, peak_mib, list(scoring)))))


def output(*arguments: str, python: str = sys.executable) -> str:
    """Run a Python program from the repository's root; return its standard output.

    What it says on standard error is said on this program's.
    """
    command = [python, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(*arguments: str, python: str = sys.executable) -> Measurement:
    """Run a contender's module and read what it tells."""
    text = output("-m", *arguments, python=python)
    return Measurement(**json.loads(text.splitlines()[-1]))
