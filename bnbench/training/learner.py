"""What the loop trains: a model with its optimizer, on its device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.config import TrainingSettings
from bnbench.data import Split
from bnbench.errors import BnbenchError
from bnbench.training.capture import CapturedStep, Record, cuda_graph
from bnbench.training.checkpoint import TrainingState
from bnbench.training.device import random_stream, set_random_stream
from bnbench.training.evaluation import Evaluation, cross_entropy, evaluate_members
from bnbench.training.optimizer import build_optimizer, flatten_parameters

CAPTURED = 1000  # steps between two looks at a GPU's losses: an epoch of MNIST in batches of 64

Batch = tuple[Tensor, ...]
"""Of each member, the indices (N,), int64, of its examples in the training split."""


class Learner:
    """One model and what updates it; `bnbench.training.stack` has the one for several seeds.

    Parameters
    ----------
    model : Module
        Initialized, on the device of `split`; trained in place.
    split : Split
        The training split.
    settings : TrainingSettings
    record : Record, optional
        How full batches are captured; by default as a CUDA graph on a GPU, elsewhere not at all.
    """

    members = 1
    """S, how many seeds are trained at once."""

    def __init__(
        self,
        model: nn.Module,
        split: Split,
        settings: TrainingSettings,
        record: Record | None = None,
    ) -> None:
        self.model, self.split, self.settings = model, split, settings
        self.parameters = flatten_parameters(model)
        self.optimizer = build_optimizer(self.parameters, settings.optimizer)
        self.device = split.labels.device
        on_gpu = self.device.type == "cuda"
        self.record = record or (cuda_graph if on_gpu and settings.cuda_graph else None)
        self._captured: CapturedStep | None = None
        self._mode = model.training

    def train_block(self, block: Sequence[Batch]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Do one update a batch, and wait for the device at the end only.

        Parameters
        ----------
        block : sequence of B batches

        Returns
        -------
        losses : ndarray of float32, shape (S, B)
            Of each batch before its update, nats.
        correct : ndarray of int64, shape (S, B)
        """
        # Filled in place: hundreds of small tensors kept alive between the large activations would
        # leave the heap full of holes, half a gigabyte of them.
        losses = torch.empty(len(block), self.members, device=self.device)
        correct = torch.empty(len(block), self.members, dtype=torch.int64, device=self.device)
        replayed = self._replay(block, losses, correct, self.record) if self.record else 0
        for place, batch in enumerate(block[replayed:], start=replayed):
            losses[place], correct[place] = self.update(*self.examples(batch))
        return losses.T.cpu().numpy(), correct.T.cpu().numpy()

    def _replay(
        self, block: Sequence[Batch], losses: Tensor, correct: Tensor, record: Record
    ) -> int:
        """Do the updates of the batches that are full; the last of an epoch may be smaller."""
        size = self.settings.batch_size
        full = [torch.stack(batch) for batch in block if len(batch[0]) == size]
        if full:
            batches = self._sent(torch.stack(full))  # (B, S, N)
            step = self._captured_step(record)
            losses[: len(full)], correct[: len(full)] = step(batches)
        return len(full)

    def _captured_step(self, record: Record) -> CapturedStep:
        """Give the step, recorded in the model's mode of now; that of another mode is let go."""
        if self._captured is None or self._mode != self.model.training:
            self._captured, self._mode = None, self.model.training
            self._captured = self._capture(record)
        return self._captured

    def _capture(self, record: Record) -> CapturedStep:
        most = min(CAPTURED, len(self.split.labels) // self.settings.batch_size)
        try:
            return CapturedStep(
                lambda indices: self.update(*self.gathered(indices)),
                self._undone(),
                (most, self.members, self.settings.batch_size),
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

    def update(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Do one update.

        Parameters
        ----------
        images, labels : Tensor
            A batch, as `examples` and `gathered` give it.

        Returns
        -------
        losses : Tensor, shape (S,)
            Before the update, nats.
        correct : Tensor of int64, shape (S,)
        """
        assert self.parameters.grad is not None
        self.parameters.grad.zero_()
        losses, correct = self.measure(images, labels)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return losses.detach().float(), correct

    def examples(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Give a batch's images (N, C, H, W) and labels (N,)."""
        (indices,) = batch
        if not self.settings.shuffle:  # consecutive: a view costs nothing, a gather copies
            place = slice(int(indices[0]), int(indices[-1]) + 1)
            return self.split.images[place], self.split.labels[place]
        return self.gathered(self._sent(indices.unsqueeze(0)))

    def _sent(self, indices: Tensor) -> Tensor:
        """Move indices to the device, without waiting for a GPU."""
        return indices.to(self.device, non_blocking=self.device.type == "cuda")

    def gathered(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Give the images and labels at indices (S, N), which are on the device."""
        (chosen,) = indices  # `images[chosen]` takes twice as long on a CPU, 1 % of a step more
        return self.split.images.index_select(0, chosen), self.split.labels.index_select(0, chosen)

    def measure(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Give losses (S,), from which gradients flow, and correct answers (S,)."""
        logits = self.model(images)  # (N, K)
        loss = cross_entropy(logits, labels, softmax_before_loss=self.settings.softmax_before_loss)
        return loss.unsqueeze(0), (logits.detach().argmax(dim=1) == labels).sum().unsqueeze(0)

    def evaluate(self, split: Split) -> list[Evaluation]:
        """Measure each member on a split."""
        return evaluate_members(
            self.model, self.members, split,
            softmax_before_loss=self.settings.softmax_before_loss,
        )  # fmt: skip

    def weights(self, member: int) -> dict[str, Tensor]:  # noqa: ARG002
        """Give a member's parameters and buffers by name, as its model of its own has them."""
        return self.model.state_dict()

    def optimizer_state(self, member: int) -> dict[str, Any]:  # noqa: ARG002
        """Give a member's part of what the optimizer keeps, as it would be alone."""
        return self.optimizer.state_dict()

    def restore(self, states: Sequence[TrainingState]) -> None:
        """Go on from the states of all members."""
        self.restore_tensors([one.model for one in states], [one.optimizer for one in states])
        set_random_stream(self.device, states[0].global_stream)

    def restore_tensors(
        self, models: Sequence[Mapping[str, Any]], optimizers: Sequence[dict[str, Any]]
    ) -> None:
        """Take over the weights and what the optimizer keeps; see `weights`."""
        self.model.load_state_dict(models[0])  # in place: parameters stay views of the vector
        self.optimizer.load_state_dict(optimizers[0])
