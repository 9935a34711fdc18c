"""PyTorch's optimizers without its compiler, which no run uses and whose import takes a second.

Their methods are told to keep the compiler out, and import it to do so. Where a method has the
attribute in which they remember that, they go on without it: here it is the method itself.
"""

from __future__ import annotations

import inspect

import torch
from torch.optim import Optimizer

METHODS = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def keep_compiler_out() -> None:
    """Let the methods of every optimizer be what they are; nothing else changes."""
    for name in METHODS:
        method = inspect.unwrap(getattr(Optimizer, name))
        method.__dynamo_disable = method


def step(optimizer: Optimizer) -> None:
    """Do ``optimizer.step()``, whose wrapper imports the compiler, without the wrapper."""
    with torch.no_grad():
        inspect.unwrap(type(optimizer).step)(optimizer)
