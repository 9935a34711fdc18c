"""A training step that is recorded once and replayed: on a GPU, as a CUDA graph.

A step of LeNet-5 is dozens of kernels of a few microseconds, and Python takes longer to start one
than the GPU takes to do it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

WARM_UPS = 3  # before recording: libraries choose kernels and take memory at their first calls

Record = Callable[[Callable[[], None]], Callable[[], object]]
"""Does a step some times, and returns what does it once more."""


def cuda_graph(step: Callable[[], None]) -> Callable[[], object]:
    """Record what a step asks of the GPU; see `Record`."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    replay: Callable[[], object] = graph.replay
    return replay


class CapturedStep:
    """A step over a full batch that finds its examples, and leaves its losses, by itself.

    Parameters
    ----------
    step : callable
        Indices (N,), int64, into the training split -> loss () and correct answers (). Of a stack
        of S seeds: (S, N) -> (S,) and (S,).
    undone : context manager
        Puts back what steps change; recording does some.
    shape : tuple of int
        B batches at a time at most; the shape of their indices, (N,) or (S, N).
    """

    def __init__(
        self,
        step: Callable[[Tensor], tuple[Tensor, Tensor]],
        undone: AbstractContextManager[None],
        shape: tuple[int, ...],
        device: torch.device,
        record: Record,
    ) -> None:
        room = max(shape[0], WARM_UPS + 1)
        self._batches = torch.zeros(room, *shape[1:], dtype=torch.int64, device=device)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)
        of_loss = (room, *shape[1:-1])
        self._losses = torch.zeros(of_loss, device=device)
        self._correct = torch.zeros(of_loss, dtype=torch.int64, device=device)

        def one() -> None:
            losses, correct = step(self._batches.index_select(0, self._place)[0])
            self._losses.index_copy_(0, self._place, losses.unsqueeze(0))
            self._correct.index_copy_(0, self._place, correct.unsqueeze(0))
            self._place.add_(1)

        with undone:
            self._replay = record(one)

    def __call__(self, batches: Tensor) -> tuple[Tensor, Tensor]:
        """Do the step for each batch, and wait for none.

        Parameters
        ----------
        batches : Tensor of int64, shape (B, N) or (B, S, N)

        Returns
        -------
        losses, correct : Tensor, shape (B,) or (B, S)
            Views, good until the next call.
        """
        steps = len(batches)
        self._batches[:steps].copy_(batches)
        self._place.zero_()
        for _ in range(steps):
            self._replay()
        return self._losses[:steps], self._correct[:steps]
