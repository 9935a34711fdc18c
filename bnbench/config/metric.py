"""The names of metrics: what a contrast or a claim measures of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnbench.errors import BnbenchError
from bnbench.registry import unknown

Kind = Literal["level", "time", "share"]


@dataclass(frozen=True)
class Quantity:
    """A quantity that a run has, at an epoch or a threshold or as a whole.

    Attributes
    ----------
    name : str
    title : str
        In words, without the epoch or threshold.
    unit : str
        ``pp``: a share in [0, 1], shown in percent and its differences in percentage points;
        ``nats``; ``tau``: the rank correlation with the epoch; ``epochs``, ``seconds``, ``steps``.
    kind : str
        ``level``: contrasts are mean differences; ``time``: may be infinite, so contrasts are of
        medians and signs; ``share``: counts of runs.
    higher_is_better : bool
    at : str
        What follows ``@``: ``epoch`` (a number or ``last``), ``threshold``, or ``""``: nothing.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    higher_is_better: bool
    at: str


QUANTITIES = {
    one.name: one
    for one in (
        Quantity("validation_accuracy", "validation accuracy", "pp", "level", True, "epoch"),
        Quantity("validation_loss", "validation loss", "nats", "level", False, "epoch"),
        Quantity("train_accuracy", "training accuracy", "pp", "level", True, "epoch"),
        Quantity("train_loss", "training loss", "nats", "level", False, "epoch"),
        Quantity("test_accuracy", "test accuracy", "pp", "level", True, ""),
        Quantity("accuracy_gap", "training minus validation accuracy", "pp", "level", False, ""),
        Quantity("loss_gap", "validation minus training loss", "nats", "level", False, ""),
        Quantity("train_trend", "Kendall's tau of training accuracy", "tau", "level", True, ""),
        Quantity(
            "validation_trend", "Kendall's tau of validation accuracy", "tau", "level", True, ""
        ),
        Quantity("area_under_error", "mean validation error", "pp", "level", False, ""),
        Quantity("area_under_loss", "mean validation loss", "nats", "level", False, ""),
        Quantity("epochs_to_accuracy", "epochs to accuracy", "epochs", "time", False, "threshold"),
        Quantity(
            "seconds_to_accuracy", "seconds to accuracy", "seconds", "time", False, "threshold"
        ),
        Quantity("steps_to_loss", "steps to training loss", "steps", "time", False, "threshold"),
        Quantity("diverged", "diverged", "runs", "share", False, ""),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """A quantity at its epoch or threshold.

    Attributes
    ----------
    text : str
        As it was written, such as ``validation_accuracy@1`` or ``epochs_to_accuracy@0.97``.
    quantity : Quantity
    epoch : int or None
        Counted from 1; ``None``: the last one of each run.
    threshold : float
        An accuracy in [0, 1] or a loss in nats; NaN where the quantity has none.
    """

    text: str
    quantity: Quantity
    epoch: int | None = None
    threshold: float = float("nan")

    @property
    def title(self) -> str:
        """The metric in words, such as ``validation accuracy after epoch 1``."""
        title = self.quantity.title
        if self.quantity.at == "epoch":
            return f"{title} after " + (f"epoch {self.epoch}" if self.epoch else "the last epoch")
        if self.quantity.unit in ("epochs", "seconds"):
            return f"{title} {100 * self.threshold:g} %"
        return f"{title} {self.threshold:g}" if self.quantity.at else title


def parse_metric(text: str, place: str = "") -> Metric:
    """Read the name of a metric.

    Parameters
    ----------
    text : str
        ``quantity`` or ``quantity@value``; see `QUANTITIES`.
    place : str, default ""
        Where it was written, for the error.

    Returns
    -------
    Metric

    Raises
    ------
    BnbenchError
        If there is no such quantity, or the value does not fit it.

    Examples
    --------
    >>> parse_metric("validation_accuracy@1").title
    'validation accuracy after epoch 1'
    >>> parse_metric("epochs_to_accuracy@0.97").title
    'epochs to accuracy 97 %'
    """
    name, at, value = text.partition("@")
    if name not in QUANTITIES:
        raise unknown("metric", name, QUANTITIES, place)
    quantity = QUANTITIES[name]
    if quantity.at == "epoch" and (value == "last" or (value.isdecimal() and int(value) > 0)):
        return Metric(text, quantity, epoch=None if value == "last" else int(value))
    if quantity.at == "threshold" and _is_positive(value):
        return Metric(text, quantity, threshold=float(value))
    if not quantity.at and not at:
        return Metric(text, quantity)
    wanted = {"epoch": "@1 or @last", "threshold": "@ and a positive number", "": "nothing"}
    where = f"{place}: " if place else ""
    raise BnbenchError(f"{where}{text}: must be {name} followed by {wanted[quantity.at]}")


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
