"""How far the loss and the outputs move when the weights are moved a little."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bnbench.probes.probe import Probe, Seen, View, register_probe

NOISES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
DRAWS = 5
TOLD = NOISES.index(0.1)


@register_probe("perturbation")
class Perturbation(Probe):
    """What Gaussian noise on the weights changes, in training mode.

    A random direction of length rho norm(w) is added to each tensor w of weights; biases and batch
    norm's own parameters stay. It is drawn five times, the same at every look of every run.

    ======================= ======================================================================
    ``loss_changes``        mean over the draws of abs(L(w + delta) - L(w)), (looks, 6), for rho
                            0.001, 0.003, 0.01, 0.03, 0.1 and 0.3
    ``output_changes``      mean over the draws of norm(f(w + delta) - f(w)) / norm(f(w)), where f
                            are the logits of all images
    ``loss_sensitivity``    ``loss_changes`` for rho = 0.1
    ``output_sensitivity``  ``output_changes`` for rho = 0.1
    ======================= ======================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = ("loss_sensitivity", "output_sensitivity")

    @torch.no_grad()
    def look(self, view: View) -> Seen:
        """See `Perturbation`."""
        weights = [weight for weight in view.model.parameters() if weight.dim() > 1]
        before = [weight.clone() for weight in weights]
        logits = view.model(view.images)
        loss = float(view.loss(logits, view.labels))
        changes = np.empty((2, len(NOISES), DRAWS))
        for draw in range(DRAWS):
            directions = _directions(before, draw)
            for place, noise in enumerate(NOISES):
                for weight, value, direction in zip(weights, before, directions, strict=True):
                    weight.copy_(value + noise * direction)
                moved = view.model(view.images)
                changes[0, place, draw] = abs(float(view.loss(moved, view.labels)) - loss)
                changes[1, place, draw] = float((moved - logits).norm() / logits.norm())
        of_loss, of_output = changes.mean(axis=2)
        return Seen(
            {
                "loss_changes": of_loss,
                "output_changes": of_output,
                "loss_sensitivity": of_loss[TOLD],
                "output_sensitivity": of_output[TOLD],
            }
        )


def _directions(weights: list[Tensor], draw: int) -> list[Tensor]:
    """Draw, for each tensor of weights, a direction as long as the tensor."""
    generator = torch.Generator().manual_seed(draw)
    directions = []
    for weight in weights:
        noise = torch.randn(weight.shape, generator=generator).to(weight)
        directions.append(noise * (weight.norm() / noise.norm()))
    return directions
