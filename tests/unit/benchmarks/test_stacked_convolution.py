"""Each way to compute the seeds' convolutions is the same convolution."""

from __future__ import annotations

import pytest
import torch

from benchmarks import stacked_convolution as ways


@pytest.mark.parametrize("way", ways.WAYS)
def test_each_way_is_each_seed_s_own_convolution(way: str) -> None:
    """Against PyTorch's own, seed by seed, in float64."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 2, 9, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 5, 2, 5, 5, generator=generator, dtype=torch.float64)
    weight.requires_grad_()
    found = ways.step(ways.WAYS[way], x, weight)
    for seed in range(3):
        image, kernel = (one[seed].detach().requires_grad_() for one in (x, weight))
        y = torch.nn.functional.conv2d(image, kernel)
        (0.5 * y.square().sum()).backward()  # type: ignore[no-untyped-call]
        for one, expected in zip(found, (y, kernel.grad, image.grad), strict=True):
            torch.testing.assert_close(one[seed], expected, rtol=1e-9, atol=1e-9)


def test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "ROUNDS", 1)
    table = ways.rows("cpu", repeats=1)
    assert [row[0] for row in table] == list(ways.WAYS)
    assert all(float(cell) > 0 for row in table for cell in row[1:])
