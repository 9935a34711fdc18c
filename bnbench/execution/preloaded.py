"""What every run of a command needs, done once in the process that is copied for each.

Beside imports, it takes a run half a second of processor to load the compiled loops, and a third to
hash its own code.
"""

from __future__ import annotations

from contextlib import suppress

from bnbench import direct  # noqa: F401 - with all that it imports
from bnbench.kernels.preparation import load
from bnbench.training.code import hash_ahead

with suppress(Exception):  # whatever is wrong, a run comes upon it too, and says so
    load()
    hash_ahead()
