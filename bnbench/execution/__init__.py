"""Execution: which runs are to be done, and doing them side by side."""

from bnbench.execution.plan import Plan, estimate_seconds, plan_runs
from bnbench.execution.pool import Ended, Event, Progress, Started, Task, run_tasks

__all__ = [
    "Ended",
    "Event",
    "Plan",
    "Progress",
    "Started",
    "Task",
    "estimate_seconds",
    "plan_runs",
    "run_tasks",
]
