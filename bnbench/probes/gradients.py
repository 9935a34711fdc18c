"""How large each layer's gradient is, how heavy its tails are, and whether its parts agree."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bnbench.probes.passage import passage_of
from bnbench.probes.probe import OUTPUT, Probe, Seen, View, register_probe

BINS = np.linspace(-10, 10, 42)
"""Edges of the histogram, in root mean squares of the layer's gradient; the ends are open."""


@register_probe("gradients")
class Gradients(Probe):
    """The gradient of the loss on the probe's images, in training mode.

    The layers are the hidden ones and ``output``. A layer's gradient is that with respect to the
    weights of its convolution or linear map.

    Notes
    -----
    ``<layer>.histogram`` (looks, 41) counts the elements by their size in root mean squares. The
    metrics, with one number for each look, are

    ======================== =====================================================================
    ``gradient_norm``        of each layer: L2 norm
    ``gradient_kurtosis``    of each layer: fourth moment of the elements / squared second moment,
                             both about 0; 3 for a normal distribution
    ``gradient_agreement``   of each layer: abs(sum) / sum(abs) of the derivatives of the loss with
                             respect to a map's outputs, over images and pixels; the mean over maps
                             (Bjorck et al. 2018). 1: all change the map's bias in one direction
    ``bias_gradient``        of each layer: largest absolute derivative with respect to a bias; NaN
                             without biases
    ``gradient_ratio``       norm in the first layer / norm in the last hidden layer
    ``gradient_spread``      largest / smallest norm of a layer, ``output`` included
    ======================== =====================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "gradient_norm", "gradient_kurtosis", "gradient_agreement", "bias_gradient",
        "gradient_ratio", "gradient_spread",
    )  # fmt: skip

    def look(self, view: View) -> Seen:
        """See `Gradients`."""
        hidden = self.watched(view.model)
        gradients = passage_of(view).gradients
        norms = {name: gradients[name].weight.norm() for name in (*hidden, OUTPUT)}
        numbers: dict[str, Tensor | np.ndarray] = {}
        for name, norm in norms.items():
            weight, bias, output = gradients[name]
            numbers |= {
                f"{name}.gradient_norm": norm,
                f"{name}.gradient_kurtosis": _kurtosis(weight),
                f"{name}.gradient_agreement": _agreement(output),
                f"{name}.bias_gradient": _largest(bias),
                f"{name}.histogram": _histogram(weight),
            }
        of_layers = torch.stack([*norms.values()])
        numbers["gradient_ratio"] = norms[hidden[0]] / norms[hidden[-1]]
        numbers["gradient_spread"] = of_layers.amax() / of_layers.amin()
        return Seen({name: _plain(value) for name, value in numbers.items()})


def _kurtosis(gradient: Tensor) -> Tensor:
    squares = gradient.square()
    return squares.square().mean() / squares.mean().square()


def _agreement(by_output: Tensor) -> Tensor:
    """Compare |sum| with the sum of sizes, of each of (units, n)."""
    share = by_output.sum(dim=1).abs() / by_output.abs().sum(dim=1)
    return share[share.isfinite()].mean()


def _largest(by_bias: Tensor | None) -> Tensor:
    return torch.tensor(torch.nan) if by_bias is None else by_bias.abs().amax()


def _histogram(gradient: Tensor) -> np.ndarray:
    values = gradient.flatten().cpu().numpy()
    size = float(np.sqrt(np.square(values, dtype=np.float64).mean()))
    scaled = np.clip(values / size, BINS[0], BINS[-1]) if size > 0 else values
    counts, _ = np.histogram(scaled[np.isfinite(scaled)], BINS)
    return counts


def _plain(value: Tensor | np.ndarray) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else value
