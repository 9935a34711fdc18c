"""Compile all loops at once, before the processes that would each do it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bnbench.kernels.recipe import Recipe

SECONDS = 20


def prepare(say: Callable[[str], object]) -> None:
    """Compile every loop for float32, or load what was compiled before.

    Parameters
    ----------
    say : callable
        Told, before the first compilation, why nothing happens for some seconds.
    """
    from bnbench.kernels import cache, functions
    from bnbench.kernels.cross_entropy import loss_and_gradient

    compiled = cache.folder() / "compiled"
    if not compiled.exists():
        say(f"compiling the kernels for this machine, once: at most {SECONDS} s")
    source = torch.zeros(2, 1, 4, 4, requires_grad=True)
    weight = torch.zeros(1, 1, 3, 3, requires_grad=True)
    gamma = torch.ones(1, requires_grad=True)
    recipe = Recipe(1, "tanh", "average", "first", 1e-5)
    y, _, _ = functions.MapsLayer.apply(source, weight, gamma, gamma, gamma, None, None, recipe)
    y.sum().backward()
    loss_and_gradient(y.flatten(1), torch.zeros(2, dtype=torch.int64), softmax_before_loss=False)
    if compiled.parent.is_dir():
        compiled.touch()
