"""How the loss and its gradient change along one step of gradient descent."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from bnbench.config.schema import Float
from bnbench.probes.parameters import loss_and_gradient, move_to, place_of
from bnbench.probes.probe import Probe, Seen, View, register_probe

RATES = np.geomspace(0.5, 4, 8)
"""Of the steps that are tried, in units of `Landscape.rate`."""


@register_probe("landscape")
class Landscape(Probe):
    """The loss along -g, the gradient on the probe's images, as Santurkar et al. 2018 measure it.

    g is with respect to all parameters, in training mode; momentum and the optimizer play no part.
    With w the parameters, and eight eta from half to four times `rate`, evenly spaced in log(eta):

    ==================== =========================================================================
    ``losses``           L(w - eta g), (looks, 8), nats
    ``changes``          norm(grad L(w) - grad L(w - eta g)), (looks, 8)
    ``loss_range``       largest minus smallest of ``losses``
    ``relative_loss``    largest of ``losses`` / L(w)
    ``gradient_change``  largest of ``changes``
    ``effective_beta``   largest of ``changes`` / norm(eta g)
    ``relative_beta``    ``effective_beta`` times norm(w)^2: weights in front of batch norm may be
                         scaled without any effect, but beta alone would depend on their scale
    ==================== =========================================================================
    """

    quantities: ClassVar[tuple[str, ...]] = (
        "loss_range", "relative_loss", "gradient_change", "effective_beta", "relative_beta",
    )  # fmt: skip

    rate: Annotated[Float, Field(gt=0)] = 0.1
    """Learning rate that the steps are multiples of; by default the paper's."""

    def look(self, view: View) -> Seen:
        """See `Landscape`."""
        place = place_of(view)
        loss, gradient = loss_and_gradient(view)
        losses, changes = [], []
        for rate in self.rate * RATES:
            move_to(view.model, place - rate * gradient)
            further_loss, further_gradient = loss_and_gradient(view)
            losses.append(further_loss)
            changes.append(float((gradient - further_gradient).norm()))
        beta = float(np.max(np.array(changes) / (self.rate * RATES * float(gradient.norm()))))
        return Seen(
            {
                "losses": losses,
                "changes": changes,
                "loss_range": np.ptp(losses),
                "relative_loss": np.max(losses) / loss,
                "gradient_change": np.max(changes),
                "effective_beta": beta,
                "relative_beta": beta * float(place.norm()) ** 2,
            }
        )
