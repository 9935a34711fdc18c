"""The order of an epoch's batches, and the blocks of them between two looks at the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from bnbench.config import TrainingSettings


def batch_order(
    examples: int, settings: TrainingSettings, generator: torch.Generator
) -> list[Tensor]:
    """Cut an epoch into batches of indices into the training split.

    Both arms of a seed see the same batches: the permutations come from a generator of their
    own, on the CPU whatever the device.

    Parameters
    ----------
    examples : int
        Size N of the training split.
    settings : TrainingSettings
        `batch_size`, `shuffle`, `shuffled`, `drop_last`.
    generator : torch.Generator
        Advanced by an epoch, if shuffling.

    Returns
    -------
    list of Tensor, int64
        A permutation of 0 ... N - 1 cut into batches; without shuffling, the split's order. Where
        batches are shuffled, a last one that is smaller stays the last.
    """
    of_images = settings.shuffle and settings.shuffled == "images"
    order = torch.randperm(examples, generator=generator) if of_images else torch.arange(examples)
    batches = list(torch.split(order, settings.batch_size))
    if settings.shuffle and not of_images:
        places = torch.randperm(examples // settings.batch_size, generator=generator).tolist()
        batches[: len(places)] = [batches[place] for place in places]
    if settings.drop_last and len(batches[-1]) < settings.batch_size:
        batches.pop()
    return batches


def batches_in_epoch(examples: int, settings: TrainingSettings) -> int:
    """Count the batches of an epoch."""
    whole, rest = divmod(examples, settings.batch_size)
    return whole + (rest > 0 and not (settings.drop_last and whole))


def blocks(
    batches: list[Tensor], steps_before: int, periods: Sequence[int], longest: int
) -> Iterator[list[Tensor]]:
    """Cut an epoch's batches into blocks that end, also, where an evaluation or a look is due.

    Parameters
    ----------
    batches : list of Tensor
    steps_before : int
        Done before the first of these batches, counted over the run.
    periods : sequence of int
        Steps between two evaluations, and between two looks of each probe.
    longest : int
        Most batches of a block.
    """
    start = 0
    while start < len(batches):
        until_due = (every - (steps_before + start) % every for every in periods)
        stop = start + min((longest, *until_due))
        yield batches[start:stop]
        start = stop
