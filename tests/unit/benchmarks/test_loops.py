"""The loops of the benchmark really train, and measure what they say."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import logsumexp
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import plain_loop, tuned_loop
from benchmarks.network import lenet5

EXAMPLES = 150  # two whole evaluation batches would be 256: the last one is smaller


def stripes() -> tuple[torch.Tensor, torch.Tensor]:
    """Images of ten classes: noise, and a bright row whose place tells the class."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(EXAMPLES) % 10
    images = 0.1 * torch.rand(EXAMPLES, 1, 32, 32, generator=generator)
    images[torch.arange(EXAMPLES), 0, 3 * labels + 1] = 1.0
    return images, labels


def test_tuned_validation_is_that_of_numpy() -> None:
    torch.manual_seed(1)
    model, (images, labels) = lenet5(batch_norm=True), stripes()
    loss, accuracy = tuned_loop.validate(model, images, labels)
    logits = model.eval()(images).detach().numpy().astype(np.float64)
    right = logits[np.arange(EXAMPLES), labels.numpy()]
    np.testing.assert_allclose(loss, (logsumexp(logits, axis=1) - right).mean(), rtol=1e-5)
    assert accuracy == (logits.argmax(axis=1) == labels.numpy()).mean()


def test_tuned_training_learns() -> None:
    torch.manual_seed(1)
    model, (images, labels) = lenet5(), stripes()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    first, _ = tuned_loop.train(model, optimizer, images, labels)
    for _ in range(30):
        last, _ = tuned_loop.train(model, optimizer, images, labels)
    assert 2.2 < first < 2.5  # about ln 10 before it has learned
    assert last < first / 2


def test_plain_accuracy_is_a_share() -> None:
    images, labels = stripes()
    loader: plain_loop.Loader = DataLoader(TensorDataset(images, labels), 64)  # type: ignore[arg-type]
    linear = torch.nn.Linear(1024, 10)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.copy_(torch.eye(10)[3])  # always answers 3
    model = torch.nn.Sequential(torch.nn.Flatten(), linear)
    assert plain_loop.accuracy(model, loader, "cpu") == 0.1
    assert plain_loop.validate(model, loader, "cpu") == 0.1
