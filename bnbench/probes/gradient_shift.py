"""Internal covariate shift as Santurkar et al. define it: by the gradient, not by the inputs."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from bnbench.config.schema import Float
from bnbench.models import Network
from bnbench.probes.parameters import cosine, vector
from bnbench.probes.probe import OUTPUT, Probe, Seen, View, register_probe


@register_probe("gradient_shift")
class GradientShift(Probe):
    """How a layer's gradient changes when the layers before it take their step.

    Definition 2.1 of Santurkar et al. 2018: G is the gradient of the loss with respect to the
    parameters of a layer. G' is the same gradient on the same images, after the layers before it,
    and only these, have made a step of gradient descent with `rate`. A layer is a convolution or a
    linear map with its batch norm. For each layer but the first:

    ============================ =================================================================
    ``gradient_shift``           norm(G - G')
    ``relative_gradient_shift``  norm(G - G') / norm(G)
    ``gradient_shift_cosine``    cosine of the angle between G and G'; 1: no shift
    ============================ =================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "gradient_shift", "relative_gradient_shift", "gradient_shift_cosine",
    )  # fmt: skip

    rate: Annotated[Float, Field(gt=0)] = 0.1

    def look(self, view: View) -> Seen:
        """See `GradientShift`."""
        names = (*view.model.hidden_layers, OUTPUT)
        gradients = {name: _gradient(view, name) for name in names}
        numbers: dict[str, float] = {}
        for before, name in pairwise(names):
            _step(view.model, before, gradients[before], self.rate)
            if self.layers is None or name in self.layers:
                numbers |= _compared(name, vector(gradients[name]), vector(_gradient(view, name)))
        return Seen(numbers)


def _compared(name: str, gradient: Tensor, after: Tensor) -> dict[str, float]:
    shift, size = float((gradient - after).norm()), float(gradient.norm())
    return {
        f"{name}.gradient_shift": shift,
        f"{name}.relative_gradient_shift": shift / size if size else float("nan"),
        f"{name}.gradient_shift_cosine": cosine(gradient, after),
    }


def _gradient(view: View, name: str) -> tuple[Tensor, ...]:
    loss = view.loss(view.model(view.images), view.labels)
    return torch.autograd.grad(loss, list(view.model.get_submodule(name).parameters()))


@torch.no_grad()
def _step(model: Network, name: str, gradients: tuple[Tensor, ...], rate: float) -> None:
    for parameter, gradient in zip(model.get_submodule(name).parameters(), gradients, strict=True):
        parameter.sub_(gradient, alpha=rate)
