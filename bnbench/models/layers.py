"""Parts that every architecture is made of: activations, pooling, and a hidden layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bnbench.models import operators
from bnbench.registry import unknown

if TYPE_CHECKING:
    from bnbench.models.normalizations import Normalization


class Tanh(nn.Module):
    """Hyperbolic tangent; see `bnbench.models.operators.tanh`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor of any shape element by element."""
        return operators.tanh(x)


class AveragePool(nn.Module):
    """2 x 2 average pooling; see `bnbench.models.operators.average_pool_2x2`."""

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width: (N, C, H, W) -> (N, C, H/2, W/2)."""
        return operators.average_pool_2x2(x)


class ScaledTanh(nn.Module):
    """LeCun's squashing function, ``1.7159 tanh(2x / 3)``: about 1 at 1, and -1 at -1."""

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor of any shape element by element."""
        return 1.7159 * operators.tanh(x * (2 / 3))


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "elu": nn.ELU,
    "scaled_tanh": ScaledTanh,
}  # fmt: skip
TORCH_ACTIVATIONS = (
    "CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "Mish", "PReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus",
    "Softshrink", "Softsign", "Tanh", "Tanhshrink",
)  # fmt: skip
"""Those that PyTorch builds without arguments, and that draw no random numbers."""


def find_activation(name: str, place: str = "") -> type[nn.Module]:
    """Look an activation up: by a name of ours, or as one of PyTorch's modules."""
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name in TORCH_ACTIVATIONS:
        found: type[nn.Module] = getattr(nn, name)
        return found
    raise unknown("activation", name, (*ACTIVATIONS, *TORCH_ACTIVATIONS), place)


class BatchNormMaps(nn.BatchNorm2d):
    """Batch normalization of maps, as `torch.nn.BatchNorm2d` but twice as fast on a CPU.

    For map c, over examples, rows and columns, with the *biased* batch variance::

        y = weight_c * (x - mean_c) / sqrt(var_c + eps) + bias_c

    and, with m = `momentum`, ``running <- (1 - m) * running + m * batch``, where the running
    variance takes the *unbiased* batch variance. Evaluation mode uses the running statistics.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, C, H, W); in training mode, update the running statistics."""
        if not self.training or x.device.type != "cpu" or x.numel() == x.shape[1]:
            return super().forward(x)
        y, mean, variance = operators.batch_norm_training(x, self.weight, self.bias, self.eps)
        update_running_statistics(self, mean, variance, x.numel() // x.shape[1])
        return y


def update_running_statistics(norm: _BatchNorm, mean: Tensor, variance: Tensor, count: int) -> None:
    """Take a batch's mean and biased variance (C,), of `count` values a map, into the running."""
    move_running_averages(norm, mean, variance.detach() * (count / (count - 1)))


@torch.no_grad()
def move_running_averages(norm: _BatchNorm, mean: Tensor, unbiased_variance: Tensor) -> None:
    """Move the running averages towards a batch's (C,): one update a step."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(unbiased_variance, norm.momentum)


class HiddenLayer(nn.Module):
    """A convolution or linear layer with its activation, its pooling, and a normalization.

    Parameters
    ----------
    affine : Conv2d or Linear
        Built *with* its bias, also where `normalization` leaves it out: the bias draws random
        numbers, and without them every later layer would start from other weights.
    activation : str
        A name that `find_activation` knows.
    normalization : Normalization or None
        ``None``: not normalized.
    dropout : float, default 0
        Probability of zeroing an output of a linear layer in training; maps are left alone.
    pool : Module, optional
        Comes last, unless the normalization does. A layer that has its pooling here can do it in
        one pass with the activation.

    Attributes
    ----------
    kernel : callable or None
        What computes the layer in place of its modules; see `bnbench.models.batch_last`.
    """

    kernel: Callable[[Tensor], Tensor] | None = None

    def __init__(
        self,
        affine: nn.Conv2d | nn.Linear,
        activation: str,
        normalization: Normalization | None = None,
        dropout: float = 0.0,
        pool: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.affine = affine
        self.activation = find_activation(activation)()
        self.dropout = nn.Dropout(dropout) if dropout and isinstance(affine, nn.Linear) else None
        self.pool = pool
        self._normalized_by = None
        if normalization is not None:
            self._normalized_by = normalization.attribute
            setattr(self, normalization.attribute, normalization.layer(affine))
            self.placement = normalization.placement
            if not normalization.preceding_bias:
                affine.register_parameter("bias", None)

    @property
    def normalization(self) -> nn.Module | None:
        """The layer that normalizes, under whatever name it has here."""
        return self._modules[self._normalized_by] if self._normalized_by else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, C_out, H', W'), or (N, F_in) to (N, F_out)."""
        if self.kernel is not None and not operators.is_recorded():
            return self.kernel(x)
        y: Tensor = self.affine(x)
        for part in self._after_affine():
            y = y if part is None else part(y)
        return y

    def _after_affine(self) -> tuple[nn.Module | None, ...]:
        """Put the rest in order. No layer has both dropout, which is for features, and a pool."""
        normalize, activation, last = self.normalization, self.activation, self.dropout
        if normalize is None:
            return activation, self.pool, last
        if self.placement == "before_activation":
            return normalize, activation, self.pool, last
        if self.placement == "after_activation":
            return activation, normalize, self.pool, last
        return activation, self.pool, normalize, last
