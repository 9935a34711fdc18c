"""Execution: which runs are to be done, and doing them side by side."""

from bnbench.execution.plan import Plan, PlannedRun, estimate_seconds, merge_plans, plan_runs
from bnbench.execution.pool import LocalWorkers
from bnbench.execution.schedule import KEEP_GOING, Rules, run_tasks
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task, Workers

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
