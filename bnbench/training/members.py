"""Where the seeds of a stack are in their training, each with its own `Progress`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnbench.config import TrainingSettings
from bnbench.training.checkpoint import TrainingState
from bnbench.training.evaluation import Evaluation
from bnbench.training.learner import Learner
from bnbench.training.progress import Progress, Result


class Members:
    """The bookkeeping of S seeds that are trained side by side, after the same steps.

    It has the methods of `Progress`, and gives each member its part of what was measured. A member
    that diverges has no further results; the others go on.

    Parameters
    ----------
    seeds : sequence of S int
    passengers : collection of int
        Members, from 0, that have finished: they fill their places, with any state, and have no
        results.
    """

    def __init__(
        self, seeds: Sequence[int], settings: TrainingSettings, passengers: Collection[int] = ()
    ) -> None:
        self.members = [Progress(seed, settings) for seed in seeds]
        for passenger in passengers:
            self.members[passenger].ended = True

    @property
    def _going_on(self) -> list[tuple[int, Progress]]:
        """The members that have neither diverged nor finished, with their places."""
        return [(place, member) for place, member in enumerate(self.members) if not member.ended]

    @property
    def ended(self) -> bool:
        """Whether no member goes on."""
        return not self._going_on

    @property
    def epochs(self) -> int:
        """Whole epochs so far."""
        return self._going_on[0][1].epochs

    @property
    def step(self) -> int:
        """Updates so far, over the run."""
        return self._going_on[0][1].step

    def restore(self, learner: Learner, states: Sequence[TrainingState]) -> None:
        """Go on from the members' states, all after the same step, with a learner that does."""
        learner.restore(states)
        for member, state in zip(self.members, states, strict=True):
            member.take_over(state)

    def order(self, examples: int) -> list[Tensor]:
        """Order what is left of an epoch: indices (S, N), of each batch."""
        done = len(self._going_on[0][1].tally.losses)  # one that diverged may have done fewer
        orders = [member.whole_order(examples)[done:] for member in self.members]
        return [torch.stack(batch) for batch in zip(*orders, strict=True)]

    def trained(
        self,
        block: Sequence[Tensor],
        losses: NDArray[np.float32],
        correct: NDArray[np.int64],
        seconds: float,
    ) -> Iterator[tuple[int, Result]]:
        """Count a block's B updates, whose losses and correct answers have the shape (B, S)."""
        share = seconds / len(self.members)
        for place, member in self._going_on:
            yield from member.trained(block, losses[:, place], correct[:, place], share)

    def evaluated(
        self, on_validation: Sequence[Evaluation], seconds: float
    ) -> Iterator[tuple[int, Result]]:
        """Log an evaluation between two steps of an epoch."""
        share = seconds / len(self.members)
        for place, member in self._going_on:
            yield from member.evaluated([on_validation[place]], share)

    def finished_epoch(
        self,
        learner: Learner,
        on_train: Sequence[Evaluation],
        on_validation: Sequence[Evaluation],
        seconds: float,
    ) -> Iterator[tuple[int, Result]]:
        """Log what was measured after an epoch, and sum it up."""
        share = seconds / len(self.members)
        for place, member in self._going_on:
            yield from member.finished_epoch(
                learner, [on_train[place]], [on_validation[place]], share
            )

    def state(self, learner: Learner) -> Iterator[tuple[int, Result]]:
        """Yield what each member can go on from."""
        for place, member in self._going_on:
            yield from member.state(learner, place)
