"""The loss, its gradient and the correct answers against PyTorch's own functions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bnbench.kernels.cross_entropy import loss_and_gradient


def by_pytorch(logits: Tensor, labels: Tensor, *, twice: bool) -> tuple[Tensor, Tensor, Tensor]:
    logits = logits.clone().requires_grad_()
    scores = torch.softmax(logits, 1) if twice else logits
    loss = functional.cross_entropy(scores, labels)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    return loss.detach(), logits.grad, (logits.argmax(1) == labels).sum()


@settings(max_examples=40)
@given(
    examples=st.sampled_from([1, 32, 64]),
    classes=st.integers(1, 12),
    scale=st.sampled_from([1e-30, 1.0, 100.0]),
    twice=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_batch_is_as_by_pytorch(
    examples: int, classes: int, scale: float, twice: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(examples, classes, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (examples,), generator=generator)
    wanted = by_pytorch(logits, labels, twice=twice)
    found = loss_and_gradient(logits, labels, softmax_before_loss=twice)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    rounded = loss_and_gradient(logits.float(), labels, softmax_before_loss=twice)
    torch.testing.assert_close(rounded[0], wanted[0].float(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(rounded[1], wanted[1].float(), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_stays_none(odd: float, twice: bool) -> None:
    logits = torch.tensor([[1.0, odd, 3.0, 3.0], [odd, odd, odd, odd], [2.0, 1.0, 2.0, 0.0]])
    labels = torch.tensor([1, 0, 2])
    wanted = by_pytorch(logits, labels, twice=twice)
    found = loss_and_gradient(logits, labels, softmax_before_loss=twice)
    torch.testing.assert_close(found, wanted, equal_nan=True)


def test_a_label_that_is_no_class_is_refused() -> None:
    for label in (-1, 3):
        with pytest.raises(IndexError, match="no class"):
            loss_and_gradient(torch.zeros(1, 3), torch.tensor([label]), softmax_before_loss=False)
