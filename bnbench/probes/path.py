"""Which way the parameters take: straight on, or in a zigzag."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from bnbench.probes.parameters import cosine, loss_and_gradient, place_of
from bnbench.probes.probe import Probe, Seen, View, register_probe


@register_probe("path")
class Path(Probe):
    """The path of all parameters from look to look; ``every: 1`` follows each update.

    ==================== =========================================================================
    ``update_cosine``    cosine of the angle between the last two moves, from look to look; 1:
                         straight on
    ``gradient_cosine``  cosine of the angle between the gradients at the last two looks, on the
                         probe's images
    ``path_ratio``       length of the path / distance from its start, since the window began
    ==================== =========================================================================

    A new window begins after `window` moves. NaN where there are not yet enough looks.
    """

    quantities: ClassVar[tuple[str, ...]] = ("update_cosine", "gradient_cosine", "path_ratio")

    window: Annotated[int, Field(ge=1)] = 100
    """Moves from look to look over which length and distance are compared."""

    def look(self, view: View) -> Seen:
        """See `Path`."""
        place, (_, gradient) = place_of(view), loss_and_gradient(view)
        kept = {name: tensor.to(place.device) for name, tensor in view.kept.items()}
        nan = float("nan")
        if not kept:
            start = {"start": place, "length": torch.zeros(()), "moves": torch.zeros(())}
            numbers = {"update_cosine": nan, "gradient_cosine": nan, "path_ratio": nan}
            return Seen(numbers, {"place": place, "gradient": gradient} | start)
        move, length, moves = place - kept["place"], kept["length"], kept["moves"] + 1
        length = length + move.norm()
        distance = (place - kept["start"]).norm()
        numbers = {
            "update_cosine": cosine(move, kept["move"]) if "move" in kept else nan,
            "gradient_cosine": cosine(gradient, kept["gradient"]),
            "path_ratio": float(length / distance) if distance > 0 else nan,
        }
        keep = {"place": place, "gradient": gradient, "move": move, "start": kept["start"]}
        if moves >= self.window:
            keep["start"], length, moves = place, torch.zeros(()), torch.zeros(())
        return Seen(numbers, keep | {"length": length, "moves": moves})
