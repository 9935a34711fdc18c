"""The learning rate of each step: a function of the configuration and the step alone.

So a checkpoint need not hold it, and a run that is resumed goes on with the very rates.
"""

from __future__ import annotations

from math import cos, pi

from bnbench.config import (
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    StepSchedule,
    TrainingSettings,
)


def rates(settings: TrainingSettings, done: int, count: int, per_epoch: int) -> list[float] | None:
    """The learning rates of the next steps.

    Parameters
    ----------
    done : int
        Steps that have been done since the run's beginning.
    count : int
        How many steps follow.
    per_epoch : int
        Steps of an epoch.

    Returns
    -------
    list of float, or None
        ``None`` without a schedule: the optimizer's own rate, always.
    """
    if settings.schedule is None:
        return None
    return [_rate(settings, step, per_epoch) for step in range(done, done + count)]


def _rate(settings: TrainingSettings, step: int, per_epoch: int) -> float:
    """The rate of the step after `step` others."""
    schedule, total = settings.schedule, settings.epochs * per_epoch
    assert schedule is not None
    rate = settings.optimizer.learning_rate
    if isinstance(schedule, OneCycleSchedule):
        return rate * _one_cycle(schedule, step, total)
    rising = round(schedule.warm_up_epochs * per_epoch)
    if step < rising:
        return rate * (step + 1) / rising
    match schedule:
        case ConstantSchedule():
            return rate
        case StepSchedule():
            return rate * schedule.factor ** (step // (schedule.every_epochs * per_epoch))
        case CosineSchedule():
            return rate * _between(1.0, schedule.final, (step - rising) / (total - rising))


def _one_cycle(schedule: OneCycleSchedule, step: int, total: int) -> float:
    """Rise to the peak, and fall from there to the end, both along half a cosine."""
    peak = schedule.peak * total - 1
    if step <= peak:
        return _between(schedule.start, 1.0, step / peak if peak > 0 else 1.0)
    return _between(1.0, schedule.final, (step - peak) / (total - 1 - peak))


def _between(first: float, last: float, share: float) -> float:
    """Go from one value to another along half a cosine: ``share`` 0 is the first, 1 the last."""
    return last + (first - last) * (1 + cos(pi * share)) / 2
