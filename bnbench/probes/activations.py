"""How the activations of a layer are distributed, and how far the distribution moves.

It is looked at in two places: what the activation function is given (after batch norm, where that
stands before it), and what the next layer is given.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from bnbench.models import Network
from bnbench.probes.passage import passage_of
from bnbench.probes.probe import Probe, Seen, View, register_probe

PERCENTILES = (15, 50, 85)
SATURATED = 0.97
AT_ONCE = 2**17
"""Numbers that are counted in the cache: it is the passes over memory that take time."""


@register_probe("activations")
class Activations(Probe):
    """Moments, percentiles and drift of activations, in training mode, on the probe's images.

    In a layer of more than 16 units, 16 evenly spaced units are measured. A map's values are those
    of all images at 2 x 2 pixels, a third and two thirds down and across.

    Notes
    -----
    ``<layer>.<place>.<name>``, where the place is ``pre`` (the activation function's input) or
    ``next`` (the next layer's input), has the shape (looks, units):

    ==================== =========================================================================
    ``mean``, ``sd``     of the unit's values; sd with the divisor n
    ``percentiles``      15, 50 and 85, linearly interpolated (Ioffe and Szegedy 2015, figure 1);
                         (looks, units, 3)
    ``moved``            Wasserstein distance W1 to the values at the look before: the mean absolute
                         difference of the sorted values. NaN at the first look
    ==================== =========================================================================

    The metrics are means over the units of a layer, one number for each layer and look:

    ======================== =====================================================================
    ``activation_drift``     ``moved`` / sd at the look before, of ``pre``
    ``input_drift``          the same of ``next``
    ``activation_sd``        sd of ``pre``
    ``activation_range``     largest absolute value of ``pre``, of any unit
    ``activation_kurtosis``  fourth standardized moment of ``pre``; 3 of a normal distribution
    ``saturation``           share of activations past 97 % of the way to a bound; of a ReLU,
                             those that are 0
    ``input_mean_change``    absolute change of the mean of ``next`` since the first look, in sd at
                             the first look
    ``input_sd_change``      absolute change of the sd of ``next`` since the first look, likewise
    ======================== =====================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "activation_drift", "input_drift", "activation_sd", "activation_range",
        "activation_kurtosis", "saturation", "input_mean_change", "input_sd_change",
    )  # fmt: skip

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Activations`."""
        passage = passage_of(view)
        numbers: dict[str, Tensor] = {}
        keep: dict[str, Tensor] = {}
        for name in self.watched(view.model):
            places = {"pre": passage.pre_activation(name), "next": passage.after(name)}
            for place, values in places.items():
                key, ordered = f"{name}.{place}", _ordered(values)
                numbers |= {
                    f"{key}.{what}": value
                    for what, value in _described(ordered, view.kept.get(f"{key}.sorted")).items()
                }
                keep[f"{key}.sorted"] = ordered
            numbers |= _summed_up(name, numbers, keep, view)
            function, activated = activation_of(view.model, name), passage.activated(name)
            numbers[f"{name}.saturation"] = _saturation(function, activated)
        return Seen({name: value.cpu().numpy() for name, value in numbers.items()}, keep)


def activation_of(model: Network, name: str) -> nn.Module:
    """Find a hidden layer's activation function."""
    return model.get_submodule(f"{name}.activation")


def _ordered(values: Tensor) -> Tensor:
    """Sort each unit's values (units, n); NumPy does so in an eighth of PyTorch's time."""
    if values.device.type != "cpu":
        return values.sort(dim=1).values
    return torch.from_numpy(np.sort(values.numpy(), axis=1))


def _described(ordered: Tensor, before: Tensor | None) -> dict[str, Tensor]:
    """Describe sorted values (units, n)."""
    moved = torch.full_like(ordered[:, 0], torch.nan)
    if before is not None:
        moved = (ordered - before.to(ordered.device)).abs().mean(dim=1)
    return {
        "mean": ordered.mean(dim=1),
        "sd": ordered.std(dim=1, correction=0),
        "percentiles": torch.stack(
            [_percentile(ordered, percent) for percent in PERCENTILES], dim=1
        ),
        "moved": moved,
    }


def _percentile(ordered: Tensor, percent: int) -> Tensor:
    """Interpolate between the two nearest of sorted values (units, n)."""
    below, part = divmod(percent * (ordered.shape[1] - 1), 100)
    above = min(below + 1, ordered.shape[1] - 1)
    return ordered[:, below].lerp(ordered[:, above], part / 100)


def _summed_up(
    name: str, numbers: dict[str, Tensor], keep: dict[str, Tensor], view: View
) -> dict[str, Tensor]:
    """Compute a layer's metrics, and keep what the next look compares with."""
    pre, ordered = f"{name}.pre", keep[f"{name}.pre.sorted"]
    after = f"{name}.next"
    mean, sd = numbers[f"{after}.mean"], numbers[f"{after}.sd"]
    for place in (pre, after):
        keep[f"{place}.sd"] = numbers[f"{place}.sd"]
    keep[f"{after}.first_mean"] = first_mean = view.kept.get(f"{after}.first_mean", mean)
    keep[f"{after}.first_sd"] = first_sd = view.kept.get(f"{after}.first_sd", sd)
    squares = (ordered - ordered.mean(dim=1, keepdim=True)).square()
    kurtosis = squares.square().mean(dim=1) / squares.mean(dim=1).square()
    first_mean, first_sd = first_mean.to(mean.device), first_sd.to(sd.device)
    return {
        f"{name}.activation_drift": _drift(numbers, view, pre),
        f"{name}.input_drift": _drift(numbers, view, after),
        f"{name}.activation_sd": numbers[f"{pre}.sd"].mean(),
        f"{name}.activation_range": ordered.abs().amax(),
        f"{name}.activation_kurtosis": _mean(kurtosis),
        f"{name}.input_mean_change": _mean((mean - first_mean).abs() / first_sd),
        f"{name}.input_sd_change": _mean((sd - first_sd).abs() / first_sd),
    }


def _drift(numbers: dict[str, Tensor], view: View, place: str) -> Tensor:
    moved = numbers[f"{place}.moved"]
    return _mean(moved / view.kept.get(f"{place}.sd", moved).to(moved.device))


def _mean(of_units: Tensor) -> Tensor:
    """Average over the units that have a spread: a ReLU that is never on has none."""
    return of_units[of_units.isfinite()].mean()


def _saturation(function: nn.Module, out: Tensor) -> Tensor:
    """Compute how often an activation function is where its slope is close to 0."""
    counts = [_saturated(function, part) for part in torch.split(out.flatten(), AT_ONCE)]
    return torch.stack(counts).sum() / out.numel()


def _saturated(function: nn.Module, out: Tensor) -> Tensor:
    """Count; as floats, which PyTorch adds up in a quarter of the time of truth values."""
    if isinstance(function, nn.ReLU):
        return (out <= 0).float().sum()
    size = (2 * out - 1).abs_() if isinstance(function, nn.Sigmoid) else out.abs()
    return size.gt_(SATURATED).sum()
