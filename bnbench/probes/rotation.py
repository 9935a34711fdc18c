"""How long the weights of each layer are, and how far they turn."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from bnbench.config.schema import Float
from bnbench.probes.inside import affine_of
from bnbench.probes.probe import OUTPUT, Probe, Seen, View, layer, register_probe


@register_probe("rotation")
class Rotation(Probe):
    """The length and the rotation of each layer's weights; ``every: 1`` follows each update.

    A filter is the weights into one unit. In front of batch norm its length has no effect, and only
    its direction learns. The layers are the hidden ones and ``output``.

    ==================== =========================================================================
    ``rotation``         angle between a filter at the look before and now, degrees; the mean over
                         filters. NaN at the first look
    ``weight_norm``      L2 norm of a layer's weights
    ``effective_rate``   `rate` / ``weight_norm``^2 (van Laarhoven 2017): at twice the length the
                         same step turns a filter in front of batch norm a quarter as far
    ==================== =========================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = ("rotation", "weight_norm", "effective_rate")

    rate: Annotated[Float, Field(gt=0)] = 0.1
    """The learning rate of the training, which a probe does not see."""

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Rotation`."""
        numbers: dict[str, float] = {}
        keep: dict[str, Tensor] = {}
        for name in (*self.watched(view.model), OUTPUT):
            filters = affine_of(layer(view.model, name)).weight.flatten(1).double()
            keep[name] = filters / filters.norm(dim=1, keepdim=True)
            before = view.kept.get(name, torch.full_like(filters, torch.nan)).to(filters.device)
            length = float(filters.norm())
            numbers |= {
                f"{name}.rotation": float(_angles(before, keep[name]).mean()),
                f"{name}.weight_norm": length,
                f"{name}.effective_rate": self.rate / length**2 if length else float("inf"),
            }
        return Seen(numbers, keep)


def _angles(before: Tensor, now: Tensor) -> Tensor:
    """Measure the angles between unit vectors, row by row, in degrees: (C, n) twice to (C,).

    By half the chord, since the cosine of a small angle is 1 but for rounding.
    """
    half = ((now - before).norm(dim=1) / 2).clamp(max=1)
    return torch.rad2deg(2 * torch.asin(half))
