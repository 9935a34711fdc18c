"""How large a network's images are: an architecture states it, a config need not."""

from __future__ import annotations

from bnbench.config import DataSettings, Experiment
from bnbench.models.architecture import find_architecture

AS_STORED = 28
"""Pixels, of all data sets."""


def fitted_data(experiment: Experiment) -> DataSettings:
    """The data settings with the images as large as the network takes them.

    ``pad``, the default, adds zeros up to that size: none for a network of 28 x 28 pixels.
    """
    data = experiment.data
    wanted = find_architecture(experiment.model.name).network.image_size
    if data.resize == "pad" and wanted == AS_STORED:
        return data.model_copy(update={"resize": "none"})
    return data
