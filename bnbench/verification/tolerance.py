"""How far the training losses of two machines may come apart, step by step.

Machines add the same numbers in another order, which changes the last bits. How those grow was
measured over the first 100 steps of each recipe, float32, on one processor told to be others: at
seed 0 with instructions of SSE, AVX2 and AVX-512 for PyTorch, oneDNN and MKL, without oneDNN, with
two threads and with initial weights moved by up to 2^-24 of themselves, each against each other
and against float64; at up to eight more seeds with SSE against AVX-512. The most that was seen,
nats, up to and at a step:

===============================  =======  =======  =======  =======  =======  =======
step                                   1        5       10       20       50      100
===============================  =======  =======  =======  =======  =======  =======
tanh; ReLU perceptron               5e-7     5e-7     5e-7     5e-7     5e-7     5e-7
CNN (ReLU, maximum)                 2e-7     7e-7     3e-6     7e-5     5e-4     8e-4
ReLU perceptron with batch norm     5e-7     7e-5     1e-4     3e-4     2e-3     3e-3
ReLU LeNet-5 with batch norm           0     5e-5     7e-4     2e-3     8e-3     2e-2
CNN with batch norm                 2e-7     5e-5     3e-4     5e-3     8e-3     2e-2
===============================  =======  =======  =======  =======  =======  =======

Where a ReLU or a maximum takes the other branch, the last bit becomes the first; when it does is a
matter of the seed. Float64 is no way out: in it, too, the CNN with batch norm came apart by 3e-3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from bnbench.config import Experiment
from bnbench.models import build_model, resolve_model

STEPS = 100
"""Later ones are not promised: nobody measured them."""

TOLERANCE = 5e-6
"""Of a training loss, nats, absolute: ten times the most that was seen where nothing amplifies."""

KINKED_TOLERANCE = 1e-5
"""The same at step 1 of a network with kinks. It grows by the square of the step, and with batch
norm by its cube: five times the most that was seen, and more. What is wrong shows in the first
steps, where it is tight."""

MOST = 0.1
"""What it grows to, with batch norm by step 22. From there on only gross mistakes show."""


def tolerances(experiment: Experiment) -> NDArray[np.float64]:
    """Say by how much each of the first losses may differ on another machine.

    Returns
    -------
    ndarray, shape (STEPS,)
        Nats, absolute, step by step: `TOLERANCE`, or for a network with ReLUs or maxima
        ``min(KINKED_TOLERANCE * step**p, MOST)``, p = 3 where it has batch norm, else 2.
    """
    model = resolve_model(experiment)
    if not any(isinstance(part, nn.ReLU | nn.MaxPool2d) for part in build_model(model).modules()):
        return np.full(STEPS, TOLERANCE)
    power = 2 if model.batch_norm is None and model.normalization is None else 3
    return np.minimum(KINKED_TOLERANCE * np.arange(1.0, STEPS + 1) ** power, MOST)


def within_tolerance(
    experiment: Experiment, first: NDArray[np.float32], second: NDArray[np.float32]
) -> bool:
    """Tell whether two runs' training losses, step by step from the first, are close enough.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
        Nats. Only the first `STEPS` of them are compared. Infinities of one sign are equal.
    """
    if len(first) != len(second):
        return False
    bounds = tolerances(experiment)[: len(first)]
    return bool(np.isclose(first[:STEPS], second[:STEPS], rtol=0, atol=bounds).all())
