"""PyTorch Lightning: a `LightningModule`, a `Trainer`, and tensors read in whole batches.

Its defaults for every epoch that print, log and save are off. A `TensorDataset` indexed by a
`BatchSampler` is PyTorch's documented way to load in bulk; image by image it takes longer.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler
from torch.utils.data import TensorDataset as Tensors

from benchmarks.measurement import tell
from benchmarks.network import lenet5
from benchmarks.tuned_loop import read

Batch = tuple[Tensor, Tensor]


class Classifier(lightning.LightningModule):  # type: ignore[misc]
    """LeNet-5 with its losses and accuracies, logged over the epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.network = lenet5()

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch."""
        return self._measure(batch, "training")

    def validation_step(self, batch: Batch, _: int) -> None:
        """Measure a batch."""
        self._measure(batch, "validation")

    def _measure(self, batch: Batch, split: str) -> Tensor:
        images, labels = batch
        logits = self.network(images)
        loss = functional.cross_entropy(logits, labels)
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        values = {f"{split}_loss": loss, f"{split}_accuracy": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(labels))
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimizer of the other contenders."""
        return torch.optim.Adam(self.parameters(), lr=1e-3, fused=True)


class Clock(lightning.Callback):  # type: ignore[misc]
    """Seconds of each epoch, its validation included."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self.started = perf_counter()

    def on_train_epoch_end(self, *_: Any) -> None:
        """Stop it: by now the validation has been done."""
        self.seconds.append(perf_counter() - self.started)


def main(folder: Path, epochs: int) -> None:
    """Fit for so many epochs."""
    torch.manual_seed(0)
    training, validation = (Tensors(*read(folder, name)) for name in ("training", "validation"))
    shuffled = BatchSampler(RandomSampler(training), 64, drop_last=False)
    in_order = BatchSampler(SequentialSampler(validation), 128, drop_last=False)
    clock = Clock()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(
        Classifier(),
        DataLoader(training, sampler=shuffled, batch_size=None),
        DataLoader(validation, sampler=in_order, batch_size=None),
    )
    tell(clock.seconds, float(trainer.callback_metrics["validation_accuracy"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
