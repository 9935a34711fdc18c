"""What the loop trains: a model with its optimizer, on its device, and how blocks of steps run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.config import TrainingSettings
from bnbench.data import Split
from bnbench.errors import BnbenchError
from bnbench.models.batch_last import use_batch_last
from bnbench.training.capture import CapturedStep, Record, cuda_graph
from bnbench.training.checkpoint import TrainingState
from bnbench.training.device import random_stream, set_random_stream
from bnbench.training.evaluation import Evaluation, cross_entropy, evaluate_members
from bnbench.training.kernels import choose_kernels
from bnbench.training.optimizer import build_optimizer, flatten_parameters

if TYPE_CHECKING:
    from bnbench.direct import DirectStep, DirectSteps

BLOCK = 64  # steps between two reports; reading the losses waits for the device once a block
CAPTURED = 1000  # steps between two looks at a GPU's losses: an epoch of MNIST in batches of 64

Update = Callable[["Learner", Tensor], tuple[Tensor, Tensor]]
"""Learner, indices of a batch -> losses and correct answers, of the learner's `loss_shape`."""


class Learner:
    """One model and what updates it; `bnbench.training.stack` has the one for several seeds.

    Parameters
    ----------
    model : Module
        Initialized, on the device of `split`; trained in place.
    split : Split
        The training split.
    record : Record, optional
        How full batches are captured; by default as a CUDA graph on a GPU, elsewhere not at all.

    Attributes
    ----------
    periods : tuple of int
        A block of steps ends at every multiple of each.
    direct_steps : callable or None
        Network, images, labels -> its steps without autograd; None where autograd does them all.
    """

    loss_shape: tuple[int, ...] = ()
    """Shape of a batch's loss: one number; a stack has one for each seed."""

    def __init__(
        self,
        model: nn.Module,
        split: Split,
        settings: TrainingSettings,
        record: Record | None = None,
    ) -> None:
        self.model, self.split, self.settings = model, split, settings
        self.kernels = choose_kernels(model, settings, split.labels.device.type)
        if self.kernels == "batch_last":
            use_batch_last(model)
        self.parameters = flatten_parameters(model)
        self.optimizer = build_optimizer(self.parameters, settings.optimizer)
        assert self.parameters.grad is not None
        self.gradient = self.parameters.grad
        self.direct_steps: Callable[[nn.Module, Tensor, Tensor], DirectSteps] | None = None
        self._direct: DirectSteps | None = None
        if self.kernels == "batch_last":
            from bnbench.direct import DirectSteps  # the compiler is slow to import

            twice = settings.softmax_before_loss
            self.direct_steps = partial(DirectSteps, softmax_before_loss=twice)
            self._direct = self.direct_steps(model, split.images, split.labels)
        self.device = split.labels.device
        on_gpu = self.device.type == "cuda"
        recorded = on_gpu and settings.cuda_graph and settings.schedule is None
        self.record = record or (cuda_graph if recorded else None)  # a graph's rate stays as it is
        self.learning_rate = settings.optimizer.learning_rate
        every = settings.evaluate_every
        self.periods: tuple[int, ...] = (every,) if every else ()
        self._captured: CapturedStep | None = None
        self._mode = model.training

    @property
    def longest_block(self) -> int:
        """Most steps between two looks at the device."""
        return CAPTURED if self.record or self.device.type == "cuda" else BLOCK

    def train_block(
        self, update: Update, block: Sequence[Tensor], rates: Sequence[float] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Do one update a batch, and wait for the device at the end only.

        Parameters
        ----------
        update : callable
            See `bnbench.training.loop.update`.
        block : sequence of B batches
            Of each, the indices (N,), int64, of its examples in the training split.
        rates : sequence of B float, optional
            Each update's learning rate, in place of the optimizer's own.

        Returns
        -------
        losses : ndarray of float32, shape (B,)
            Of each batch before its update, nats.
        correct : ndarray of int64, shape (B,)
        """
        # Filled in place: hundreds of small tensors kept alive between the large activations would
        # leave the heap full of holes, half a gigabyte of them.
        losses = torch.empty(len(block), *self.loss_shape, device=self.device)
        correct = torch.empty(len(block), *self.loss_shape, dtype=torch.int64, device=self.device)
        replayed = 0
        if self.record:
            replayed = self._replay(update, self.record, block, losses, correct)
        for place, batch in enumerate(block[replayed:], start=replayed):
            with self._rate(None if rates is None else rates[place]):
                losses[place], correct[place] = update(self, batch)
        return losses.cpu().numpy(), correct.cpu().numpy()

    @contextmanager
    def _rate(self, rate: float | None) -> Iterator[None]:
        """Set another learning rate for one step; the state keeps its own."""
        if rate is None:
            yield
            return
        (group,) = self.optimizer.param_groups
        own, group["lr"], self.learning_rate = group["lr"], rate, rate
        yield
        group["lr"] = own

    def _replay(
        self,
        update: Update,
        record: Record,
        block: Sequence[Tensor],
        losses: Tensor,
        correct: Tensor,
    ) -> int:
        """Do the updates of the batches that are full; the last of an epoch may be smaller."""
        full = [batch for batch in block if batch.shape[-1] == self.settings.batch_size]
        if full:
            step = self._captured_step(update, record)
            losses[: len(full)], correct[: len(full)] = step(self._sent(torch.stack(full)))
        return len(full)

    def _captured_step(self, update: Update, record: Record) -> CapturedStep:
        """Look up the step, recorded in the model's mode of now; that of another mode is let go."""
        if self._captured is None or self._mode != self.model.training:
            self._captured, self._mode = None, self.model.training
            self._captured = self._capture(update, record)
        return self._captured

    def _capture(self, update: Update, record: Record) -> CapturedStep:
        most = min(CAPTURED, len(self.split.labels) // self.settings.batch_size)
        try:
            return CapturedStep(
                lambda indices: update(self, indices),
                self._undone(),
                (most, *self.loss_shape, self.settings.batch_size),
                self.device,
                record,
            )
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            why = str(error).partition("\n")[0]
            raise BnbenchError(
                f"training.cuda_graph: the step cannot be recorded ({why}); set it to false"
            ) from None

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Put back, in place, whatever updates change in the meantime."""
        stream = random_stream(self.device)
        tensors = [self.parameters.data, *self.model.buffers(), *self._optimizer_tensors()]
        before = [tensor.clone() for tensor in tensors]
        yield
        for tensor in self._optimizer_tensors():
            tensor.zero_()  # what the first update makes, begins with zeros
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        set_random_stream(self.device, stream)

    def _optimizer_tensors(self) -> list[Tensor]:
        state = self.optimizer.state.get(self.parameters, {})
        return [value for value in state.values() if isinstance(value, Tensor)]

    def examples(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Gather a batch's images (N, C, H, W) and labels (N,)."""
        if not self.settings.shuffle and self.record is None:
            # consecutive: a view costs nothing, a gather copies
            place = slice(int(batch[0]), int(batch[-1]) + 1)
            return self.split.images[place], self.split.labels[place]
        return self.gathered(self._sent(batch))

    def _sent(self, indices: Tensor) -> Tensor:
        """Move indices to the device, without waiting for a GPU."""
        return indices.to(self.device, non_blocking=self.device.type == "cuda")

    def gathered(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Gather images and labels at indices that are on the device."""
        images, labels = self.split.images, self.split.labels
        # `images[indices]` takes twice as long on a CPU, 1 % of a step more
        return images.index_select(0, indices), labels.index_select(0, indices)

    def direct(self, batch: Tensor) -> DirectStep | None:
        """Look up what computes a batch's loss and gradients without autograd, if anything does."""
        return self._direct.step_for(len(batch)) if self._direct else None

    def backward(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Add the gradients of a batch's loss; tell the loss, and the number of correct answers."""
        if self.kernels == "batch_last":
            from bnbench.kernels.cross_entropy import loss_and_gradient

            loss, gradient, correct = loss_and_gradient(
                logits, labels, softmax_before_loss=self.settings.softmax_before_loss
            )
            logits.backward(gradient)  # type: ignore[no-untyped-call]
            return loss, correct
        loss = self.loss(logits, labels)
        correct = (logits.detach().argmax(dim=-1) == labels).sum(dim=-1)
        loss.sum().backward()  # type: ignore[no-untyped-call]  # of a stack, its seeds' losses
        return loss.detach(), correct

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the cross-entropy of a batch, nats."""
        softmax_twice = self.settings.softmax_before_loss
        return cross_entropy(logits, labels, softmax_before_loss=softmax_twice)

    def evaluate(self, split: Split) -> list[Evaluation]:
        """Measure the model, or each of a stack, on a split."""
        return evaluate_members(
            self.model,
            math.prod(self.loss_shape),
            split,
            softmax_before_loss=self.settings.softmax_before_loss,
        )

    def weights(self, member: int = 0) -> dict[str, Tensor]:  # noqa: ARG002
        """Name the parameters and buffers; of a stack, a member's, as its own model has them."""
        return self.model.state_dict()

    def optimizer_state(self, member: int = 0) -> dict[str, Any]:  # noqa: ARG002
        """Look up what the optimizer keeps; of a stack, a member's part, as it would be alone."""
        return self.optimizer.state_dict()

    def restore(self, states: Sequence[TrainingState]) -> None:
        """Go on from a state; a stack from that of each member."""
        self.restore_tensors(
            [state.model for state in states], [state.optimizer for state in states]
        )
        set_random_stream(self.device, states[0].global_stream)

    def restore_tensors(
        self, models: Sequence[Mapping[str, Any]], optimizers: Sequence[dict[str, Any]]
    ) -> None:
        """Take over the weights and what the optimizer keeps; see `weights`."""
        self.model.load_state_dict(models[0])  # in place: parameters stay views of the vector
        self.optimizer.load_state_dict(optimizers[0])
