"""Where the threads of a team find what is to be done: a few whole numbers in memory.

The first is a turn, how many parts the stage of that turn has, and how many of them were taken. A
part is taken by counting that number up in one go, so no part is done twice, and a thread that
looked at an earlier turn takes none. Nobody is waited for who has not taken a part: where the other
core is busy, a thread does all of the work itself.
"""

from __future__ import annotations

import sys
from typing import Any

import numba
from numba.core import types

BITS = 20
MOST_PARTS = 2**BITS - 1
DONE, STAGE, CLOSED, HEAD = 1, 2, 3, 8
"""Places of the parts that are done, the stage, whether helpers may go, and of the job."""

let_others_run: Any
sleep: Any
if sys.platform == "win32":
    let_others_run = numba.njit(lambda: 0)
    sleep = numba.njit(lambda _: 0)
else:
    let_others_run = types.ExternalFunction("sched_yield", types.int32())
    sleep = types.ExternalFunction("usleep", types.int32(types.uint32))
