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
    title : str
        In words, without the epoch or threshold.
    unit : str
        ``pp``: a share in [0, 1], shown in percent and its differences in percentage points;
        ``nats``; ``tau``: the rank correlation with the epoch; ``epochs``, ``seconds``, ``steps``.
    kind : str
        ``level``: contrasts are mean differences; ``time``: may be infinite, so contrasts are of
        medians and signs; ``share``: counts of runs.
    at : str
        What follows ``@``: ``epoch`` (a number or ``last``), ``threshold``, ``looks`` (an epoch's,
        ``last``, ``first``: before the first step, or ``all``), or ``""``: nothing.
    probe : str
        Kind of probe that measures it; empty: the run's logs say it.
    of_layer : bool
        Whether the name of a layer and a dot go before its own.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    higher_is_better: bool
    at: str
    probe: str = ""
    of_layer: bool = False


def _of_layer(name: str, title: str, unit: str, probe: str) -> Quantity:
    return Quantity(name, title, unit, "level", False, "looks", probe, of_layer=True)


def _of_network(name: str, title: str, unit: str, probe: str) -> Quantity:
    return Quantity(name, title, unit, "level", False, "looks", probe)


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
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
        _of_layer("activation_drift", "drift of pre-activations", "sd", "activations"),
        _of_layer("input_drift", "drift of the next layer's input", "sd", "activations"),
        _of_layer("activation_sd", "spread of pre-activations", "", "activations"),
        _of_layer("activation_range", "largest pre-activation", "", "activations"),
        _of_layer("activation_kurtosis", "kurtosis of pre-activations", "", "activations"),
        _of_layer("saturation", "saturated activations", "pp", "activations"),
        _of_layer("input_mean_change", "change of input means", "sd", "activations"),
        _of_layer("input_sd_change", "change of input spreads", "sd", "activations"),
        _of_layer("gradient_norm", "gradient norm", "", "gradients"),
        _of_layer("gradient_kurtosis", "kurtosis of the gradient", "", "gradients"),
        _of_layer("gradient_agreement", "agreement of gradients", "", "gradients"),
        _of_layer("bias_gradient", "largest gradient of a bias", "", "gradients"),
        _of_network("gradient_ratio", "gradient norm, first to last layer", "", "gradients"),
        _of_network("gradient_spread", "largest to smallest gradient norm", "", "gradients"),
        _of_layer("gradient_shift", "gradient shift", "", "gradient_shift"),
        _of_layer("relative_gradient_shift", "relative gradient shift", "", "gradient_shift"),
        _of_layer("gradient_shift_cosine", "cosine of gradients, shifted", "", "gradient_shift"),
        _of_network("loss_range", "range of the loss along a step", "nats", "landscape"),
        _of_network("relative_loss", "largest loss along a step, relative", "", "landscape"),
        _of_network("gradient_change", "change of the gradient along a step", "", "landscape"),
        _of_network("effective_beta", "effective beta", "", "landscape"),
        _of_network("relative_beta", "effective beta, relative to the weights", "", "landscape"),
        _of_network("surface_rise", "rise of the loss around the network", "nats", "surface"),
        _of_network("surface_bend", "bend of the loss around the network", "", "surface"),
        _of_network("hessian_largest", "largest eigenvalue of the Hessian", "", "sharpness"),
        _of_network("hessian_trace", "trace of the Hessian", "", "sharpness"),
        _of_network("relative_sharpness", "sharpness relative to the weights", "", "sharpness"),
        _of_network("update_cosine", "cosine of successive moves", "", "path"),
        _of_network("gradient_cosine", "cosine of successive gradients", "", "path"),
        _of_network("path_ratio", "length of the way to its distance", "", "path"),
        _of_network("loss_sensitivity", "change of the loss by noise", "nats", "perturbation"),
        _of_network("output_sensitivity", "change of outputs by noise", "", "perturbation"),
        _of_network("running_mean_error", "error of running means", "sd", "inference"),
        _of_network("running_variance_error", "error of running variances", "", "inference"),
        _of_network("running_accuracy", "accuracy by running statistics", "pp", "inference"),
        _of_network("population_accuracy", "accuracy by the population's", "pp", "inference"),
        _of_network("batch_accuracy", "accuracy by batch statistics", "pp", "inference"),
        _of_network("running_accuracy_loss", "accuracy lost by them", "pp", "inference"),
        _of_network("single_flips", "answers that change alone", "pp", "inference"),
        _of_network("single_difference", "logits' change alone", "", "inference"),
        _of_network("company_flips", "answers that change in other company", "pp", "inference"),
        _of_network("mean_error_slope", "slope of the error of batch means", "", "inference"),
    )
}  # fmt: skip


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
        if self.quantity.unit in ("epochs", "seconds"):
            return f"{title} {100 * self.threshold:g} %"
        return f"{title} {self.threshold:g}" if self.quantity.at else title

    @property
    def _when(self) -> str:
        if self.looks == "epoch":
            return f"in epoch {self.epoch}" if self.epoch else "in the last epoch"
        return "before training" if self.looks == "first" else "over the run"


def parse_metric(text: str, place: str = "") -> Metric:
    """Read the name of a metric.

    Parameters
    ----------
    text : str
        ``quantity`` or ``quantity@value``; see `QUANTITIES`. Of a layer, its name and a dot
        first: ``C3.activation_drift@last``.
    place : str, default ""
        Where it was written, for the error.

    Returns
    -------
    Metric

    Examples
    --------
    >>> parse_metric("validation_accuracy@1").title
    'validation accuracy after epoch 1'
    >>> parse_metric("epochs_to_accuracy@0.97").title
    'epochs to accuracy 97 %'
    """
    full, at, value = text.partition("@")
    layer, _, name = full.rpartition(".")
    if name not in QUANTITIES:
        raise unknown("metric", name, QUANTITIES, place)
    quantity = QUANTITIES[name]
    where = f"{place}: " if place else ""
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
    if quantity.at == "threshold" and _is_positive(value):
        return Metric(text, quantity, threshold=float(value))
    if not quantity.at and not at:
        return Metric(text, quantity)
    wanted = {
        "epoch": "@1 or @last",
        "looks": "@1, @last, @first or @all",
        "threshold": "@ and a positive number",
        "": "nothing",
    }
    raise BnbenchError(f"{where}{text}: must be {name} followed by {wanted[quantity.at]}")


def _counts(text: str) -> bool:
    return text.isdecimal() and int(text) > 0


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
