"""A picture of the loss around the network: over two directions, or over two named parameters."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bnbench.config.schema import Float
from bnbench.errors import BnbenchError
from bnbench.models import Network
from bnbench.probes.parameters import move_to, place_of, vector
from bnbench.probes.probe import Probe, Seen, View, register_probe

MOST_PARAMETERS = 1_000_000
"""Of a network that is drawn: each of the hundreds of points moves them all."""
_NAMED = re.compile(r"([\w.]+)\[(\d+(?:,\d+)*)\]")


@register_probe("surface")
class Surface(Probe):
    """The loss on a grid around the parameters, in training mode, on the probe's images.

    Without `parameters` the two directions are random and filter-normalized (H. Li et al. 2018):
    each filter, or row of a linear layer, gets a Gaussian direction that is scaled to the length of
    the filter; biases and batch norm's parameters stay. The directions are the same at every look
    and in every run. With two `parameters`, such as ``C1.affine.weight[0,0,2,2]``, these alone are
    changed.

    ==================== =========================================================================
    ``axis``             (looks, points): what a direction is multiplied by, or what is added to a
                         parameter; from -radius to radius
    ``losses``           (looks, points, points), nats; the first direction goes down the rows
    ``surface_rise``     mean loss at the grid's points that are half a radius to a radius away,
                         minus the loss in the middle
    ``surface_bend``     mean absolute second difference along rows and columns, per squared unit of
                         the axis; 0 for a plane
    ==================== =========================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = ("surface_rise", "surface_bend")

    points: Annotated[int, Field(ge=5, le=101)] = 25
    radius: Annotated[Float, Field(gt=0)] = 1.0
    parameters: (
        Annotated[tuple[str, ...], Field(strict=False, min_length=2, max_length=2)] | None
    ) = None

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Surface`."""
        count = sum(parameter.numel() for parameter in view.model.parameters())
        if count > MOST_PARAMETERS:
            raise BnbenchError(
                f"probes: surface: the model has {count:,} parameters, and a surface takes"
                f" {MOST_PARAMETERS:,} at most; choose a smaller model"
            )
        middle, first, second = place_of(view), *self._directions(view.model)
        axis = np.linspace(-self.radius, self.radius, self.points)
        losses = np.empty((self.points, self.points))
        for row, along in enumerate(axis):
            for column, across in enumerate(axis):
                move_to(view.model, middle + float(along) * first + float(across) * second)
                losses[row, column] = float(view.loss(view.model(view.images), view.labels))
        move_to(view.model, middle)
        at_middle = float(view.loss(view.model(view.images), view.labels))
        return Seen(
            {
                "axis": axis,
                "losses": losses,
                "surface_rise": _ring(losses, axis).mean() - at_middle,
                "surface_bend": _bend(losses, axis[1] - axis[0]),
            }
        )

    def _directions(self, model: Network) -> tuple[Tensor, Tensor]:
        if self.parameters is None:
            return _filter_normalized(model, 0), _filter_normalized(model, 1)
        first, second = (_along(model, name) for name in self.parameters)
        return first, second


def _filter_normalized(model: Network, number: int) -> Tensor:
    """Draw a direction (P,), filter by filter as long as the filter."""
    generator, directions = torch.Generator().manual_seed(number), []
    for weight in model.parameters():
        if weight.dim() < 2:
            directions.append(torch.zeros_like(weight))
            continue
        noise = torch.randn(weight.shape, generator=generator).to(weight).flatten(1)
        lengths = weight.flatten(1).norm(dim=1, keepdim=True)
        scaled = noise * lengths / (noise.norm(dim=1, keepdim=True) + 1e-10)
        directions.append(scaled.view_as(weight))
    return vector(directions)


def _along(model: Network, name: str) -> Tensor:
    """The direction (P,) of one parameter."""
    found = _NAMED.fullmatch(name)
    parameters = dict(model.named_parameters())
    directions = {known: torch.zeros_like(parameter) for known, parameter in parameters.items()}
    try:
        assert found is not None
        directions[found[1]][tuple(map(int, found[2].split(",")))] = 1
    except (AssertionError, KeyError, IndexError):
        known = ", ".join(
            f"{parameter} {list(value.shape)}" for parameter, value in parameters.items()
        )
        raise BnbenchError(
            f"probes: surface: parameters: there is no {name}; write one number of one of {known},"
            f" such as {next(iter(parameters))}[0,0,0,0]"
        ) from None
    flat = vector(list(directions.values()))
    if flat.sum() != 1:
        raise BnbenchError(f"probes: surface: parameters: {name} is more than one number")
    return flat


def _ring(losses: np.ndarray, axis: np.ndarray) -> np.ndarray:
    distance = np.hypot(axis[:, None], axis[None, :]) / axis[-1]
    ring: np.ndarray = losses[(distance >= 0.5) & (distance <= 1)]
    return ring


def _bend(losses: np.ndarray, spacing: float) -> float:
    differences = [np.abs(np.diff(losses, n=2, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(differences).mean() / spacing**2)
