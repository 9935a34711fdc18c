"""All loops compiled, or loaded, at once: before the processes that would each do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
    compiled = _mark()
    if not compiled.exists():
        say(f"compiling the kernels for this machine, once: at most {SECONDS} s")
    _call_each()
    if compiled.parent.is_dir():
        compiled.touch()


def load() -> None:
    """Load every loop that `prepare` compiled; compile none."""
    if _mark().exists():
        _call_each()


def _mark() -> Path:
    from bnbench.kernels import cache, loops  # noqa: F401 - the loops tell Numba its folder

    return cache.folder() / "compiled"


def _call_each() -> None:
    """Call each with the least that it takes: the types decide what is compiled.

    Nothing here may start a thread, as autograd would: processes are copied from this one.
    """
    from bnbench.kernels.arrays import Layout, Weights, forward_call, room_for, shape_of
    from bnbench.kernels.cross_entropy import loss_and_gradient
    from bnbench.kernels.gather import gather

    image, weight = torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    gather(image, torch.zeros(1, dtype=torch.int64), image)
    layout = Layout(shape_of(image, weight, 0), Recipe(0, "tanh", "none", "never"), frozen=False)
    maps = room_for(layout, image, None, None)
    forward_call(image, Weights(weight, None, None, None), maps, layout)()
    loss_and_gradient(
        image.flatten(1), torch.zeros(1, dtype=torch.int64), softmax_before_loss=False
    )
