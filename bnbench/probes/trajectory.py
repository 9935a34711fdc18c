"""The way that the parameters have come, in the plane that holds most of it, and the loss there."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from torch import Tensor

from bnbench.errors import BnbenchError
from bnbench.probes.parameters import move_to, place_of
from bnbench.probes.probe import Probe, Seen, View, register_probe
from bnbench.probes.surface import MOST_PARAMETERS

PLACES = 32
"""Of the way that are kept: when there are more, every second one is let go."""
MARGIN = 0.2
"""Between the way and the grid's end, in widths of the way."""


@register_probe("trajectory")
class Trajectory(Probe):
    """The path of the parameters in a plane through the current network, and the loss on it.

    The plane's two directions are the first two principal components of all places so far, relative
    to the current one (H. Li et al. 2018, section 7): random directions would show almost nothing
    of the path. The loss is in training mode, on the probe's images.

    ==================== =========================================================================
    ``way``              (looks, 33, 2): coordinates of the places, in order, in the parameters' own
                         unit; the last is the current one, (0, 0); then NaN
    ``axes``             (looks, 2, points): coordinates of the grid, which has room for the path
    ``losses``           (looks, points, points), nats; the first direction goes down the rows
    ``plane_share``      share of the squared distances from the current place to the others that
                         lies in the plane; 1: the path has no third dimension
    ==================== =========================================================================

    At the first look there is no path yet, and everything except its place is NaN.
    """

    quantities: ClassVar[tuple[str, ...]] = ("plane_share",)

    points: Annotated[int, Field(ge=5, le=51)] = 15

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Trajectory`."""
        now = place_of(view)
        if now.numel() > MOST_PARAMETERS:
            raise BnbenchError(
                f"probes: trajectory: the model has {now.numel():,} parameters, and a trajectory"
                f" takes {MOST_PARAMETERS:,} at most; choose a smaller model"
            )
        places = view.kept.get("places", now[:0].reshape(0, len(now))).to(now.device)
        directions, share = _plane((places - now).double())
        way = torch.cat([(places - now).double() @ directions.T, directions.new_zeros(1, 2)])
        axes = _axes(way.cpu().numpy(), self.points)
        keep = torch.cat([places, now[None]])
        numbers: dict[str, ArrayLike] = {
            "way": np.pad(way.cpu().numpy(), ((0, 1 + PLACES - len(way)), (0, 0)),
                          constant_values=np.nan),
            "axes": axes,
            "losses": _losses(view, now, directions.to(now), axes),
            "plane_share": share,
        }  # fmt: skip
        return Seen(numbers, {"places": keep if len(keep) <= PLACES else keep[::2]})


def _plane(moved: Tensor) -> tuple[Tensor, float]:
    """Find the first two principal directions (2, P) of places (n, P), and their share.

    Through the n inner products: of a network's parameters no matrix of P by P could be kept.
    Each direction is turned so that the first place, where training began, is ahead on it.
    """
    products = moved @ moved.T
    if not products.isfinite().all():  # of a run that is about to diverge
        return moved.new_full((2, moved.shape[1]), torch.nan), float("nan")
    squares, vectors = torch.linalg.eigh(products)
    directions = moved.new_zeros(2, moved.shape[1])
    for number in range(min(2, len(moved))):
        direction = moved.T @ vectors[:, -1 - number]
        length = direction.norm()
        if length > 0:
            ahead = 1 if moved[0] @ direction >= 0 else -1
            directions[number] = ahead * direction / length
    total = float(squares.sum())
    return directions, float(squares[-2:].sum()) / total if total > 0 else float("nan")


def _axes(way: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Choose the coordinates (2, points) of a square grid that has the way inside."""
    low, high = way.min(axis=0), way.max(axis=0)
    width = max(high - low)
    if not width > 0:
        return np.full((2, points), np.nan)
    half = (0.5 + MARGIN) * width
    return np.stack([np.linspace(mid - half, mid + half, points) for mid in (low + high) / 2])


def _losses(
    view: View, now: Tensor, directions: Tensor, axes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure the loss at each point of the plane."""
    losses = np.full((axes.shape[1], axes.shape[1]), np.nan)
    if np.isfinite(axes).all():
        for row, along in enumerate(axes[0]):
            for column, across in enumerate(axes[1]):
                place = now + float(along) * directions[0] + float(across) * directions[1]
                move_to(view.model, place)
                losses[row, column] = float(view.loss(view.model(view.images), view.labels))
    return losses
