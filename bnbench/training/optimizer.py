"""The optimizer over one flat vector, to which every parameter of the model is a view.

PyTorch's optimizers cost 0.2 ms of Python a step for LeNet-5's ten tensors, a tenth of a step;
for one tensor they cost 0.03 ms. The update is element by element, so the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import nn

from bnbench.config import AdamSettings, OptimizerSettings
from bnbench.training.eager import keep_compiler_out, step

ALIGNMENT = 16  # floats: each view starts on a cache line, as a tensor of its own would


def flatten_parameters(model: nn.Module) -> nn.Parameter:
    """Move all parameters and their gradients into one vector each.

    Parameters
    ----------
    model : Module
        Its parameters become views, also of their gradients: a backward pass adds into them, so
        whoever steps has to zero the vector's gradient.

    Returns
    -------
    Parameter, shape (P,), float32
        P counts a few zeros between parameters, which align them and stay zero.
    """
    parameters = list(model.parameters())
    cut, length = places([parameter.numel() for parameter in parameters])
    flat = nn.Parameter(parameters[0].new_zeros(length))
    flat.grad = torch.zeros_like(flat)
    for parameter, place in zip(parameters, cut, strict=True):
        flat.data[place] = parameter.detach().flatten()
        parameter.data = flat.data[place].view_as(parameter)
        parameter.grad = flat.grad[place].view_as(parameter)
    return flat


def places(sizes: Sequence[int]) -> tuple[list[slice], int]:
    """Each parameter's place in the vector, and the vector's length."""
    ends = accumulate((-(-size // ALIGNMENT) * ALIGNMENT for size in sizes), initial=0)
    *starts, length = ends
    return [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)], length


def build_optimizer(
    parameter: nn.Parameter, settings: OptimizerSettings
) -> torch.optim.Adam | torch.optim.SGD:
    """Build the configured optimizer over one parameter, with fused kernels where there are.

    On a GPU it can be part of a CUDA graph: it counts its steps there, not in Python.
    """
    keep_compiler_out()
    on_gpu = parameter.device.type == "cuda"
    fused = on_gpu or parameter.device.type == "cpu"
    if isinstance(settings, AdamSettings):
        adam = torch.optim.Adam(
            [parameter],
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            eps=settings.epsilon,
            weight_decay=settings.weight_decay,
            fused=fused,
            capturable=on_gpu,
        )
        # It would warn of steps outside of a graph: the last batch of an epoch is one, on purpose.
        adam._warned_capturable_if_run_uncaptured = on_gpu
        return adam
    return torch.optim.SGD(
        [parameter],
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        fused=fused,
    )


def take_step(optimizer: torch.optim.Adam | torch.optim.SGD) -> None:
    """Do the bits of ``optimizer.step()``, of Adam on a CPU without its 0.1 ms of Python."""
    (group,) = optimizer.param_groups
    (parameter,) = group["params"]
    state = optimizer.state.get(parameter)
    adam = isinstance(optimizer, torch.optim.Adam) and parameter.device.type == "cpu"
    if not adam or not state:  # the first step makes the state
        step(optimizer)
        return
    state["step"] += 1
    with torch.no_grad():
        torch._fused_adam_(
            [parameter], [parameter.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [],
            [state["step"]], lr=group["lr"], beta1=group["betas"][0], beta2=group["betas"][1],
            weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False,
        )  # fmt: skip
