"""The parameters of a network as one vector: read, moved, and the loss's gradient at a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from bnbench.probes.probe import View


def vector(tensors: Sequence[Tensor]) -> Tensor:
    """Put tensors one after the other: (P,)."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def parts(flat: Tensor, like: Sequence[Tensor]) -> Iterator[Tensor]:
    """Cut a vector (P,) into tensors of the shapes of others."""
    pieces = torch.split(flat, [shape_of.numel() for shape_of in like])
    return (piece.view_as(shape_of) for piece, shape_of in zip(pieces, like, strict=True))


@torch.no_grad()
def move_to(model: nn.Module, place: Tensor) -> None:
    """Set all parameters to a vector (P,)."""
    parameters = list(model.parameters())
    for parameter, value in zip(parameters, parts(place, parameters), strict=True):
        parameter.copy_(value)


def loss_and_gradient(view: View) -> tuple[float, Tensor]:
    """Measure the loss where the network is, nats, and differentiate it: (P,)."""
    loss = view.loss(view.model(view.images), view.labels)
    return float(loss.detach()), vector(torch.autograd.grad(loss, list(view.model.parameters())))


def place_of(view: View) -> Tensor:
    """Read all parameters: (P,)."""
    return vector(list(view.model.parameters()))


def cosine(first: Tensor, second: Tensor) -> float:
    """Compute the cosine of the angle between two vectors; NaN where one is 0."""
    lengths = first.norm() * second.norm()
    return float(first @ second / lengths) if lengths > 0 else float("nan")
