"""Execution: which runs are to be done, and doing them side by side.

What takes PyTorch is imported when it is used.
"""

from typing import TYPE_CHECKING

from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task, Workers
from bnbench.registry import on_demand

if TYPE_CHECKING:
    from bnbench.execution.plan import Plan, PlannedRun, estimate_seconds, merge_plans, plan_runs
    from bnbench.execution.pool import LocalWorkers
    from bnbench.execution.schedule import KEEP_GOING, Rules, run_tasks

__all__ = [
    "KEEP_GOING",
    "Ended",
    "Event",
    "LocalWorkers",
    "Plan",
    "PlannedRun",
    "Progress",
    "Retried",
    "Rules",
    "Started",
    "Task",
    "Workers",
    "estimate_seconds",
    "merge_plans",
    "plan_runs",
    "run_tasks",
]
__getattr__ = on_demand(
    __name__,
    {
        "plan": ("Plan", "PlannedRun", "estimate_seconds", "merge_plans", "plan_runs"),
        "pool": ("LocalWorkers",),
        "schedule": ("KEEP_GOING", "Rules", "run_tasks"),
    },
)
