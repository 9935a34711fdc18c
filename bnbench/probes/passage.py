"""The pass through the network that probes share: it is most of what they cost.

It is made once for all that look after the same step at the same images.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, TypeAlias, cast

import torch
from torch import Tensor

from bnbench.models import Network
from bnbench.probes.autograd_passage import AutogradPassage
from bnbench.probes.direct_passage import DirectPasses
from bnbench.probes.inside import Passage
from bnbench.probes.probe import View

if TYPE_CHECKING:
    from bnbench.direct import DirectSteps

PASSAGE = "passage"
Steps: TypeAlias = "Callable[[Network, Tensor, Tensor], DirectSteps]"
"""Network, images and labels -> its steps on these."""


def passage_of(view: View) -> Passage:
    """Look up the pass of a view; the first probe to ask makes it."""
    if PASSAGE not in view.shared:
        view.shared[PASSAGE] = view.direct_pass(view.model) or AutogradPassage(view)
    return cast(Passage, view.shared[PASSAGE])


def direct_passes(
    model: Network, images: Tensor, labels: Tensor, steps: Steps
) -> DirectPasses | None:
    """Prepare passes through networks like one that is a chain of layers with kernels."""
    network = deepcopy(model).requires_grad_()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    step = steps(network, images, labels).step_for(len(images))
    if step is None:
        return None
    step.gather(torch.arange(len(images)))
    return DirectPasses(network, step)
