"""Batch normalization (Ioffe and Szegedy, 2015), whole or one of its two parts alone."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor, nn

from bnbench.config.schema import Float
from bnbench.models.layers import BatchNormMaps
from bnbench.models.normalizations.kind import Normalization, channels, register_normalization
from bnbench.models.normalizations.over_batch import OverBatch


@register_normalization("batch")
class BatchNormalization(Normalization):
    """Each channel by its mean and variance over the batch.

    They are taken over the examples, rows and columns; the variance is the biased one::

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Evaluation uses running averages instead, whose variance is the unbiased one.

    References
    ----------
    .. [1] S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
       Reducing Internal Covariate Shift", arXiv 1502.03167, 2015.
    .. [2] T. Salimans, D. P. Kingma, "Weight Normalization", arXiv 1602.07868, 2016, which
       subtracts the mean alone.
    """

    attribute: ClassVar[str] = "batch_norm"

    momentum: Annotated[Float, Field(gt=0, le=1)] = 0.1
    """Weight of the *new* batch in the running averages (PyTorch's convention)."""
    centring: bool = True
    """Subtract the mean."""
    scaling: bool = True
    """Divide by the standard deviation."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build PyTorch's layer, or its fast form for maps; of one part, our own."""
        size, constants = channels(affine), (self.epsilon, self.momentum)
        if not (self.centring or self.scaling):
            raise ValueError("centring and scaling are both false; set kind to none for that")
        if not (self.centring and self.scaling):
            return OnePartBatchNorm(size, *constants, affine=self.affine, centring=self.centring)
        if isinstance(affine, nn.Linear):
            return nn.BatchNorm1d(size, *constants, affine=self.affine)
        return BatchNormMaps(size, *constants) if self.affine else (
            nn.BatchNorm2d(size, *constants, affine=False)
        )  # fmt: skip


class OnePartBatchNorm(OverBatch):
    """Batch norm that only subtracts the mean, or only divides by the deviation from it."""

    def __init__(
        self, features: int, eps: float, momentum: float, *, affine: bool, centring: bool
    ) -> None:
        super().__init__(features, eps, momentum, affine)
        self.centring = centring

    def standardized(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """Take one of the two parts off (N, C) or (N, C, H, W)."""
        return x - mean if self.centring else x * (variance + self.eps).rsqrt()
