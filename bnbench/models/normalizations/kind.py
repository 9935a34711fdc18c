"""The registry of normalizations: a name in a config, its keys, and the layer that they build."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict
from torch import nn

from bnbench.config import NormalizationSettings
from bnbench.registry import Registry, subclass_of


class Normalization(NormalizationSettings):
    """A kind of normalization: the keys of its section, and the layer that they mean.

    A kind is a subclass in a file of its own in ``bnbench/models/normalizations/``, with a
    `register_normalization` line. Its fields are the keys that it has besides those of all kinds.
    """

    model_config = ConfigDict(extra="forbid")

    attribute: ClassVar[str] = "normalization"
    """What the layer is called in a `HiddenLayer`, and so in the files of weights."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build the layer that normalizes what `affine` gives, (N, C, H, W) or (N, F).

        Raises
        ------
        ValueError
            With what does not fit, and the remedy.
        """
        raise NotImplementedError


NORMALIZATIONS = Registry[type[Normalization]]("normalization", subclass_of(Normalization))
register_normalization, find_normalization = NORMALIZATIONS.register, NORMALIZATIONS.find


def channels(affine: nn.Conv2d | nn.Linear) -> int:
    """Count the maps, or the features, that a layer gives."""
    return affine.out_channels if isinstance(affine, nn.Conv2d) else affine.out_features
