"""What a metric is: a quantity of one run, at its epoch or threshold, and how it is named."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bnbench.errors import BnbenchError
from bnbench.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["level", "time", "share"]
At = Literal["epoch", "accuracy", "loss", "looks", ""]
Source = Literal["epochs", "evaluations", "losses"]


class Measured(Protocol):
    """What one run has to be measured by; `bnbench.findings.FinishedRun` reads it from files."""

    @property
    def planned_epochs(self) -> int:
        """As configured."""

    @property
    def steps_per_epoch(self) -> int:
        """Updates of the weights in one epoch."""

    @property
    def low_losses(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Steps after which the mean of the last training losses was lower than ever before.

        And those means, nats; ``None`` where they are not kept. See `bnbench.runs.losses.Losses`.
        """

    @property
    def failed(self) -> bool:
        """Whether it diverged, or hardly learned."""

    @property
    def test_accuracy(self) -> float:
        """Of the last epoch's weights on the test file."""

    @property
    def evaluations(self) -> Any:
        """``epoch``, ``seconds``, ``validation_accuracy`` and ``validation_loss`` of each one."""

    @property
    def looks(self) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """Kind of probe -> name -> (looks, ...)."""

    def curve(self, column: str) -> NDArray[Any]:
        """A column of ``epochs.csv``, (E,), at chance from where the run diverged."""

    def at_evaluations(self, column: str) -> NDArray[Any]:
        """A column of all evaluations, likewise."""


@dataclass(frozen=True)
class Quantity:
    """A quantity that a run has, at an epoch or a threshold or as a whole.

    Attributes
    ----------
    title : str
        In words, without the epoch or threshold.
    unit : str
        ``pp``: a share in [0, 1], shown in percent and its differences in percentage points;
        ``nats``; ``tau``: the rank correlation with the epoch; ``epochs``, ``seconds``, ``steps``.
    kind : str
        ``level``: contrasts are mean differences; ``time``: may be infinite, so contrasts are of
        medians and signs; ``share``: counts of runs.
    at : str
        What follows ``@``: ``epoch`` (a number or ``last``), a threshold (an ``accuracy`` in (0, 1]
        or a ``loss`` in nats), ``looks`` (an epoch's, ``last``, ``first``: before the first step,
        or ``all``), or ``""``: nothing.
    measure : callable
        How it is measured of a run: a number in the unit; NaN where the run does not say.
    probe : str
        Kind of probe that measures it; empty: the run's logs say it.
    of_layer : bool
        Whether the name of a layer and a dot go before its own.
    source : str
        The log that says it: ``epochs``; ``evaluations``, those within the epochs, too; or
        ``losses``, which a run may not have kept.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    higher_is_better: bool
    at: At
    measure: Callable[[Metric, Measured], float] = field(compare=False, repr=False)
    probe: str = ""
    of_layer: bool = False
    source: Source = "epochs"


@dataclass(frozen=True)
class Metric:
    """A quantity at its epoch or threshold.

    Attributes
    ----------
    text : str
        As it was written, such as ``validation_accuracy@1`` or ``epochs_to_accuracy@0.97``.
    epoch : int or None
        Counted from 1; ``None``: the last one of each run.
    threshold : float
        An accuracy in [0, 1] or a loss in nats; NaN where the quantity has none.
    looks : str
        Of a probe's quantity: ``epoch``, ``first`` or ``all``; the mean over the looks is meant.
    layer : str
        The layer that is meant, of a quantity of layers.
    """

    text: str
    quantity: Quantity
    epoch: int | None = None
    threshold: float = float("nan")
    looks: Literal["epoch", "first", "all"] = "epoch"
    layer: str = ""

    @property
    def title(self) -> str:
        """The metric in words, such as ``validation accuracy after epoch 1``."""
        title = self.quantity.title
        if self.quantity.at == "looks":
            return f"{self.layer + ': ' if self.layer else ''}{title} {self._when}"
        if self.quantity.at == "epoch":
            return f"{title} after " + (f"epoch {self.epoch}" if self.epoch else "the last epoch")
        if self.quantity.at == "accuracy":
            return f"{title} {100 * self.threshold:g} %"
        return f"{title} {self.threshold:g}" if self.quantity.at else title

    @property
    def _when(self) -> str:
        if self.looks == "epoch":
            return f"in epoch {self.epoch}" if self.epoch else "in the last epoch"
        return "before training" if self.looks == "first" else "over the run"


QUANTITIES = Registry[Quantity]("metric")
"""By name; the files of this folder enter theirs."""


def enter(*quantities: Quantity) -> None:
    """Enter quantities by their names."""
    for quantity in quantities:
        QUANTITIES.add(quantity.name, quantity)


OFTEN_MEANT = {
    "accuracy": "did you mean test_accuracy, or validation_accuracy@last?",
    "loss": "did you mean train_loss@last, or validation_loss@last?",
}
"""What looks nearest by its letters is something else: a gap, or a place."""


def parse_metric(text: str, place: str = "") -> Metric:
    """Read the name of a metric.

    Parameters
    ----------
    text : str
        ``quantity`` or ``quantity@value``; see `QUANTITIES`. Of a layer, its name and a dot
        first: ``C3.activation_drift@last``.
    place : str, default ""
        Where it was written, for the error.

    Examples
    --------
    >>> parse_metric("validation_accuracy@1").title
    'validation accuracy after epoch 1'
    >>> parse_metric("epochs_to_accuracy@0.97").title
    'epochs to accuracy 97 %'
    """
    full, at, value = text.partition("@")
    layer, _, name = full.rpartition(".")
    where = f"{place}: " if place else ""
    try:
        quantity = QUANTITIES.find(name, place)
    except BnbenchError:
        if name in OFTEN_MEANT:
            refused = f"{where}there is no metric {name!r}; {OFTEN_MEANT[name]}"
            raise BnbenchError(refused) from None
        raise
    if bool(layer) != quantity.of_layer:
        remedy = "must begin with a layer's name and a dot" if not layer else "is of no layer"
        raise BnbenchError(f"{where}{text}: {remedy}")
    if quantity.at == "looks" and (value in ("last", "first", "all") or _counts(value)):
        return Metric(
            text,
            quantity,
            epoch=int(value) if value.isdecimal() else None,
            looks="first" if value == "first" else "all" if value == "all" else "epoch",
            layer=layer,
        )
    if quantity.at == "epoch" and (value == "last" or _counts(value)):
        return Metric(text, quantity, epoch=None if value == "last" else int(value))
    most = {"accuracy": 1.0, "loss": math.inf}  # an accuracy of 97 would be 9,700 %
    if quantity.at in most and _is_positive(value, most[quantity.at]):
        return Metric(text, quantity, threshold=float(value))
    if not quantity.at:
        if at:
            raise BnbenchError(f"{where}{text}: takes no @ and nothing behind it; write {full}")
        return Metric(text, quantity)
    wanted = {
        "epoch": "@1 or @last",
        "looks": "@1, @last, @first or @all",
        "accuracy": "@ and a positive number, 1 at most: 0.97 is 97 %",
        "loss": "@ and a positive number",
    }
    raise BnbenchError(f"{where}{text}: must be {name} followed by {wanted[quantity.at]}")


def _counts(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0


def _is_positive(text: str, most: float) -> bool:
    try:
        return 0 < float(text) <= most and math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
