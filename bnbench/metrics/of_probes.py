"""What probes saw: each quantity as one entry, averaged over the looks that are meant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bnbench.metrics.metric import Measured, Metric, Quantity, enter
from bnbench.registry import unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _looked(metric: Metric, run: Measured) -> float:
    """Average what a probe saw over an epoch's looks, or over all but the one before training.

    A look belongs to the epoch whose step it follows. NaN where there is none, or where the run's
    file of the probe has not been kept.
    """
    import numpy as np

    quantity = metric.quantity
    looks = run.looks.get(quantity.probe)
    if looks is None:
        return math.nan
    name = f"{metric.layer}.{quantity.name}" if metric.layer else quantity.name
    if name not in looks:
        single = [key for key, seen in looks.items() if seen.ndim == 1 and key != "step"]
        raise unknown(f"metric of the probe {quantity.probe}", name, single)
    seen = looks[name][_chosen(metric, run, looks["step"])]
    seen = seen[np.isfinite(seen)]
    return float(seen.mean(dtype=np.float64)) if seen.size else math.nan


def _chosen(metric: Metric, run: Measured, steps: NDArray[Any]) -> NDArray[Any]:
    epochs = -(-steps // run.steps_per_epoch)  # the step that ends an epoch belongs to it
    chosen: NDArray[Any] = epochs == (metric.epoch or run.planned_epochs)
    if metric.looks != "epoch":
        chosen = epochs == 0 if metric.looks == "first" else epochs > 0
    return chosen


def _of_layer(name: str, title: str, unit: str, probe: str) -> Quantity:
    return Quantity(name, title, unit, "level", False, "looks", _looked, probe, of_layer=True)


def _of_network(name: str, title: str, unit: str, probe: str) -> Quantity:
    return Quantity(name, title, unit, "level", False, "looks", _looked, probe)


enter(
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
    _of_layer("gradient_shift_cosine", "cosine of the shifted gradient", "", "gradient_shift"),
    _of_network("loss_range", "range of the loss along a step", "nats", "landscape"),
    _of_network("relative_loss", "largest loss along a step, relative", "", "landscape"),
    _of_network("gradient_change", "change of the gradient along a step", "", "landscape"),
    _of_network("effective_beta", "effective beta", "", "landscape"),
    _of_network("relative_beta", "effective beta, relative to the weights", "", "landscape"),
    _of_network("surface_rise", "rise of the loss around the network", "nats", "surface"),
    _of_network("surface_bend", "curvature of the loss around the network", "", "surface"),
    _of_network("hessian_largest", "largest eigenvalue of the Hessian", "", "sharpness"),
    _of_network("hessian_trace", "trace of the Hessian", "", "sharpness"),
    _of_network("relative_sharpness", "sharpness relative to the weights", "", "sharpness"),
    _of_network("update_cosine", "cosine of successive updates", "", "path"),
    _of_network("gradient_cosine", "cosine of successive gradients", "", "path"),
    _of_network("path_ratio", "length of the path over its distance", "", "path"),
    _of_network("plane_share", "share of the path in one plane", "pp", "trajectory"),
    _of_layer("rotation", "rotation of a filter", "degrees", "rotation"),
    _of_layer("weight_norm", "length of the weights", "", "rotation"),
    _of_layer("effective_rate", "effective learning rate", "", "rotation"),
    _of_network("loss_sensitivity", "change of the loss by noise", "nats", "perturbation"),
    _of_network("output_sensitivity", "change of the logits by noise", "", "perturbation"),
    _of_network("running_mean_error", "error of running means", "sd", "inference"),
    _of_network("running_variance_error", "error of running variances", "", "inference"),
    _of_network("running_accuracy", "accuracy by running averages", "pp", "inference"),
    _of_network("population_accuracy", "accuracy by population statistics", "pp", "inference"),
    _of_network("batch_accuracy", "accuracy by batch statistics", "pp", "inference"),
    _of_network("running_accuracy_loss", "accuracy lost by running averages", "pp", "inference"),
    _of_network("single_flips", "other class alone than in a batch", "pp", "inference"),
    _of_network("single_difference", "change of the logits of an image alone", "", "inference"),
    _of_network("company_flips", "other class in another batch", "pp", "inference"),
    _of_network("mean_error_slope", "slope of the error of batch means", "", "inference"),
)

QUESTIONS = {
    "activations": "Do a layer's inputs hold still?",
    "gradients": "Are the gradients steadier?",
    "gradient_shift": "Does a gradient change less when the layers before it move?",
    "landscape": "Is the loss smoother along a step?",
    "surface": "Is the loss flatter around the network?",
    "sharpness": "Is the minimum flatter?",
    "path": "Is the path straighter?",
    "trajectory": "Does the path stay in a plane?",
    "rotation": "How far do the weights turn?",
    "perturbation": "Does noise in the weights matter less?",
    "inference": "Do moving averages serve at inference?",
}
"""What each kind of probe answers."""
