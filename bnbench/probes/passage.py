"""The pass through the network that probes share: it is most of what they cost.

It is made once for all that look after the same step at the same images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor

from bnbench.models import Network
from bnbench.probes.autograd_passage import AutogradPassage
from bnbench.probes.inside import Passage
from bnbench.probes.probe import View

if TYPE_CHECKING:
    from bnbench.probes.direct_passage import DirectPasses, Steps

PASSAGE = "passage"


def passage_of(view: View) -> Passage:
    """Look up the pass of a view; the first probe to ask makes it."""
    if PASSAGE not in view.shared:
        view.shared[PASSAGE] = view.passes(view.model) if view.passes else AutogradPassage(view)
    return cast(Passage, view.shared[PASSAGE])


def passes_by_kernels(
    model: Network, images: Tensor, labels: Tensor, steps: Steps | None
) -> DirectPasses | None:
    """Prepare passes by the kernels of the training, if it has such for the whole network."""
    if steps is None:
        return None
    from bnbench.probes.direct_passage import direct_passes  # the compiler is slow to import

    return direct_passes(model, images, labels, steps)
