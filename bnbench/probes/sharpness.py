"""How sharply the loss bends where the network is: the largest eigenvalue of its Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from bnbench.probes.parameters import loss_and_gradient, move_to, place_of
from bnbench.probes.probe import Probe, Seen, View, register_probe

Product = Callable[[Tensor], Tensor]
"""v -> H v, (P,) to (P,)."""
STEP = 1e-3
"""Of the difference quotient of gradients, relative to the parameters' length."""
TRACES = 4


@register_probe("sharpness")
class Sharpness(Probe):
    """Eigenvalues of the Hessian of the loss with respect to all parameters, in training mode.

    H v is the central difference quotient of the gradient, in float64. The largest eigenvalue is
    found by power iteration, and the trace as the mean of v' H v over four vectors v of random
    signs (Hutchinson).

    ======================= ======================================================================
    ``hessian_largest``     the eigenvalue of largest absolute value; at a saddle it may be negative
    ``hessian_trace``       sum of all eigenvalues
    ``relative_sharpness``  abs(``hessian_largest``) norm(w)^2, to compare networks whose weights
                            differ in scale
    ======================= ======================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "hessian_largest", "hessian_trace", "relative_sharpness",
    )  # fmt: skip

    iterations: Annotated[int, Field(ge=1)] = 20
    """Of the power iteration."""

    def look(self, view: View) -> Seen:
        """See `Sharpness`."""
        view.model.double()
        view = View(view.model, view.images.double(), view.labels, view.loss, {})
        try:
            place = place_of(view)
            product = _product(view, place)
            largest = _largest(product, place, self.iterations)
            return Seen(
                {
                    "hessian_largest": largest,
                    "hessian_trace": _trace(product, place),
                    "relative_sharpness": abs(largest) * float(place.norm()) ** 2,
                }
            )
        finally:
            view.model.float()


def _product(view: View, place: Tensor) -> Product:
    def times(v: Tensor) -> Tensor:
        step = STEP * float(place.norm() / v.norm())
        gradients = []
        for sign in (1, -1):
            move_to(view.model, place + sign * step * v)
            gradients.append(loss_and_gradient(view)[1])
        return (gradients[0] - gradients[1]) / (2 * step)

    return times


def _largest(product: Product, place: Tensor, iterations: int) -> float:
    v = _signs(place, 0)
    v = v / v.norm()
    eigenvalue = torch.zeros(())
    for _ in range(iterations):
        image = product(v)
        eigenvalue = v @ image
        v = image / image.norm()
    return float(eigenvalue)


def _trace(product: Product, place: Tensor) -> float:
    found = []
    for number in range(1, 1 + TRACES):
        v = _signs(place, number)
        found.append(float(v @ product(v)))
    return sum(found) / TRACES


def _signs(place: Tensor, number: int) -> Tensor:
    """Draw a vector (P,) of 1 and -1."""
    generator = torch.Generator().manual_seed(number)
    return (2 * torch.randint(2, place.shape, generator=generator) - 1).to(place)
