"""How far two machines may come apart, and for how many steps that can be promised."""

from __future__ import annotations

from torch import nn

from bnbench.config import Experiment
from bnbench.models import build_model, resolve_model

TOLERANCE = 1e-4
"""Of a training batch's loss, nats, absolute. Machines add the same numbers in another order, which
changes the last bit: 5e-7 is the most that was seen where nothing amplifies it (tanh; AVX-512
against AVX2, against SSE, and one thread against two), and new versions may do more. An initial
bias of 0.011 in place of 0.01 is beyond it; batch norm's epsilon ten times as large is not (3e-5):
such a change shows only where the numbers must be exact."""

STEPS = 100
KINKED_STEPS = 5
"""Where a ReLU or a maximum takes the other branch, the last bit becomes the first: there the same
comparison gave 1e-7 at step 1, more than 1e-4 from step 10 on, 2e-2 at step 100."""


def promised_steps(experiment: Experiment) -> int:
    """Count the first steps whose losses hold within `TOLERANCE` on any machine."""
    modules = build_model(resolve_model(experiment)).modules()
    kinked = any(isinstance(module, nn.ReLU | nn.MaxPool2d) for module in modules)
    return KINKED_STEPS if kinked else STEPS
