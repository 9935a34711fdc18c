"""Looks into the network between two steps of its training, which leave no trace in it.

A probe sees a copy of the network. The copy has buffers and gradients of its own, and the random
stream is put back after each look, so that nothing that a probe does can reach the training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnbench.errors import BnbenchError
from bnbench.models import Network
from bnbench.probes import Probe, View, columns
from bnbench.probes.direct_passage import DirectPassage, DirectPasses
from bnbench.probes.passage import direct_passes
from bnbench.runs import BatchRows
from bnbench.training.checkpoint import TrainingState
from bnbench.training.device import random_stream, set_random_stream
from bnbench.training.learner import Learner
from bnbench.training.progress import Result

MOST_BYTES = 5_000_000
"""Of the numbers that one probe of one run may leave."""


class Looks:
    """The probes of a run, and what they have seen so far.

    Parameters
    ----------
    probes : sequence of Probe
        Checked.
    learner : Learner
        What is trained, before its first step.
    twin : Network or None
        A network of the same architecture, which probes look at with the weights of the learner's;
        it has PyTorch's own kernels, whichever the learner has. ``None`` without probes.
    steps : int
        Of the whole run.
    resumed : mapping of str to Any, optional
        `state` of the run when it was stopped, which it goes on from.

    Attributes
    ----------
    seconds : dict of str to float
        That each kind has taken.
    """

    def __init__(
        self,
        probes: Sequence[Probe],
        learner: Learner,
        twin: Network | None,
        steps: int,
        resumed: Mapping[str, Any] | None = None,
    ) -> None:
        self._probes, self._learner, self._resumed = probes, learner, resumed is not None
        self._twin = twin
        self._seen: dict[str, dict[str, list[NDArray[np.float32]]]] = {}
        self._kept: dict[str, dict[str, Tensor]] = {}
        self._passes: dict[int, DirectPasses | None] = {}
        self.seconds = {probe.kind: 0.0 for probe in probes}
        if resumed is not None:
            for probe in probes:
                self._take_over(probe.kind, resumed[probe.kind])
        else:
            self._look(probes)
            for probe in probes:
                self._check_size(probe, steps)

    @property
    def periods(self) -> tuple[int, ...]:
        """Steps between two looks, of each probe."""
        return tuple(probe.every for probe in self._probes)

    def along(self, results: Iterator[tuple[int, Result]]) -> Iterator[tuple[int, Result]]:
        """Pass a training's results on, and look wherever a probe is due.

        Blocks of steps must end at `periods`. A training state takes along what has been seen.
        """
        for seed, result in results:
            if isinstance(result, BatchRows) and result.split == "train":
                self._look_after(result)
            if isinstance(result, TrainingState) and self._probes:
                yield seed, replace(result, looks=self.state())
            else:
                yield seed, result

    def arrays(self) -> dict[str, dict[str, NDArray[Any]]]:
        """What each kind has seen: name -> (looks, ...), and the ``step`` of each look."""
        return {
            probe.kind: {"step": np.arange(self._looks(probe)) * probe.every}
            | {name: np.stack(seen) for name, seen in self._seen[probe.kind].items()}
            for probe in self._probes
        }

    def state(self) -> dict[str, Any]:
        """What a resumed run needs, as tensors and numbers by name."""
        return {
            kind: {
                "seen": {name: torch.from_numpy(np.stack(looks)) for name, looks in seen.items()},
                "kept": self._kept[kind],
                "seconds": self.seconds[kind],
            }
            for kind, seen in self._seen.items()
        }

    def _take_over(self, kind: str, state: Mapping[str, Any]) -> None:
        self._seen[kind] = {name: list(seen.numpy()) for name, seen in state["seen"].items()}
        self._kept[kind] = dict(state["kept"])
        self.seconds[kind] = state["seconds"]

    def _looks(self, probe: Probe) -> int:
        return len(next(iter(self._seen[probe.kind].values())))

    def _look_after(self, rows: BatchRows) -> None:
        if np.isfinite(rows.losses).all():
            self._look([probe for probe in self._probes if rows.steps[-1] % probe.every == 0])

    def _look(self, probes: Sequence[Probe]) -> None:
        """Look with all that are due after a step; those with the same images share."""
        shared: dict[int, dict[str, Any]] = {probe.images: {} for probe in probes}
        for probe in probes:
            self._look_with(probe, shared[probe.images])

    def _look_with(self, probe: Probe, shared: dict[str, Any]) -> None:
        learner, twin, started = self._learner, self._twin, perf_counter()
        assert twin is not None
        stream = random_stream(learner.device)
        twin.load_state_dict(learner.model.state_dict())
        twin.train()
        split = learner.split
        view = View(
            twin,
            split.images[: probe.images],
            split.labels[: probe.images],
            learner.loss,
            self._kept.get(probe.kind, {}),
            partial(self._pass, probe.images),
            shared,
        )
        saw = probe.look(view)
        set_random_stream(learner.device, stream)
        seen = self._seen.setdefault(probe.kind, {})
        for name, value in columns(saw.numbers).items():
            seen.setdefault(name, []).append(value)
        self._kept[probe.kind] = saw.keep
        self.seconds[probe.kind] += perf_counter() - started

    def _pass(self, images: int, model: Network) -> DirectPassage | None:
        """Pass through a network by the kernels of the training, if it has such for all of it.

        The arrays are taken when a probe first asks: most never do, and there are many images.
        """
        split, steps = self._learner.split, self._learner.direct_steps
        if steps is None:
            return None
        if images not in self._passes:
            data = split.images[:images], split.labels[:images]
            self._passes[images] = direct_passes(model, *data, steps)
        passes = self._passes[images]
        return passes(model) if passes else None

    def _check_size(self, probe: Probe, steps: int) -> None:
        """Refuse what the first look shows to become too much."""
        of_a_look = sum(looks[0].nbytes for looks in self._seen[probe.kind].values())
        looks = 1 + steps // probe.every
        if of_a_look * looks > MOST_BYTES:
            least = -(-steps * of_a_look // (MOST_BYTES - of_a_look))
            raise BnbenchError(
                f"probes: {probe.kind}: {looks:,} looks would leave {of_a_look * looks / 1e6:.0f}"
                f" MB, and {MOST_BYTES / 1e6:.0f} are the most; set every to {least:,} or more, or"
                " name fewer layers"
            )
