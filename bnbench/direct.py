"""A step forward and back without autograd, for a network that is a chain of layers with kernels.

Autograd, and memory that is taken anew in every step, cost a fifth of a step of LeNet-5 or more. Of
a chain both are known before: the order of the layers, and where their arrays lie. So a step is a
list of calls, made once. They compute what `bnbench.kernels.functions.MapsLayer` and PyTorch's own
linear layer compute, in the same order, so that no bit differs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bnbench.kernels import team
from bnbench.kernels.arrays import (
    Layout,
    Weights,
    backward_call,
    forward_call,
    room_for,
    shape_of,
)
from bnbench.kernels.cross_entropy import cross_entropy_call
from bnbench.kernels.gather import gather
from bnbench.models.architecture import Network
from bnbench.models.batch_last import has_kernels, plain_norm, recipe_of
from bnbench.models.layers import HiddenLayer, update_running_statistics

Step = Callable[[], object]


class Chain(NamedTuple):
    """What a network does, in this order."""

    hidden: tuple[HiddenLayer, ...]
    output: nn.Linear


def chain_of(network: nn.Module) -> Chain | None:
    """Find the layers of a network, if it does nothing but one after the other, by kernels."""
    if not isinstance(network, Network) or not hasattr(type(network).forward, "is_in_order"):
        return None
    hidden = tuple(getattr(network, name) for name in network.hidden_layers)
    if not all(has_kernels(layer) and layer.dropout is None for layer in hidden):
        return None
    if not all(parameter.requires_grad for parameter in network.parameters()):
        return None  # autograd leaves out the gradient of one that is fixed
    output = network.output
    return Chain(hidden, output) if isinstance(output, nn.Linear) else None


class DirectSteps:
    """The steps of a network, one for each size of batch and mode, made when they are asked for.

    Parameters
    ----------
    network : Module
        With kernels; its parameters have gradients.
    images : Tensor, shape (M, C, H, W)
        Where they are not contiguous, autograd does every step.
    labels : Tensor of int64, shape (M,)
        Those of which a batch names some.
    softmax_before_loss : bool
        See `bnbench.training.evaluation.cross_entropy`.
    """

    def __init__(
        self, network: nn.Module, images: Tensor, labels: Tensor, *, softmax_before_loss: bool
    ) -> None:
        # Channels that are views of one another would be copied for all images at once.
        self._chain = chain_of(network) if images.is_contiguous() else None
        self._network, self._data = network, (images, labels)
        self._softmax_before_loss = softmax_before_loss
        self._hooks = [
            hooks
            for part in network.modules()
            for hooks in (
                part._forward_hooks, part._forward_pre_hooks,
                part._backward_hooks, part._backward_pre_hooks,
            )
        ]  # fmt: skip
        self._made: dict[tuple[int, bool, int], DirectStep] = {}

    def step_for(self, examples: int) -> DirectStep | None:
        """Look up the step for a batch of a size; ``None`` where autograd has to do it.

        That is so with somebody's hooks, and for one example, which batch norm may refuse.
        """
        if self._chain is None or examples == 1 or any(self._hooks):
            return None
        key = examples, self._network.training, team.address
        if key not in self._made:
            self._made[key] = DirectStep(
                self._chain, *self._data, examples, softmax_before_loss=self._softmax_before_loss
            )
        return self._made[key]


class DirectStep:
    """Loss and gradients of batches of one size, in the network's mode of now.

    Parameters
    ----------
    chain : Chain
        All its parameters have gradients, which hold zeros before each call.
    images, labels : Tensor
        See `DirectSteps`.
    examples : int
        N.
    softmax_before_loss : bool
        See `bnbench.training.evaluation.cross_entropy`.

    Attributes
    ----------
    layers : tuple of DirectLayer
        The hidden ones, with what the last call left in them.
    logits_gradient : Tensor, shape (N, K)
        The loss's by the logits.
    """

    def __init__(
        self, chain: Chain, images: Tensor, labels: Tensor, examples: int, *,
        softmax_before_loss: bool,
    ) -> None:  # fmt: skip
        self._data = images, labels
        self._images = images.new_empty(*images.shape[1:], examples)
        self._labels = labels.new_empty(examples)
        self._loss, self._correct = self._images.new_empty(()), self._labels.new_empty(())
        self.layers: tuple[DirectLayer, ...] = ()
        x = self._images
        for module in chain.hidden:
            self.layers += (DirectLayer(module, x),)
            x = self.layers[-1].maps.pooled
        self._forward = [step for layer in self.layers for step in layer.forward()]
        x = x.flatten(0, -2)  # (F, N)
        self.logits_gradient = x.new_empty(examples, chain.output.out_features)
        above = torch.empty_like(x)
        self._backward = self._output(chain.output, x, above, softmax_before_loss)
        for layer in reversed(self.layers):
            below = torch.empty_like(layer.source)
            self._backward += layer.backward(above, None if layer is self.layers[0] else below)
            above = below

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Write the gradients; the loss (), nats, and the correct answers (), good until the next.

        Parameters
        ----------
        batch : Tensor of int64, shape (N,)
            Indices of its examples.
        """
        self.gather(batch)
        self.forward()
        self.backward()
        return self._loss, self._correct

    def gather(self, batch: Tensor) -> None:
        """Take the examples at indices (N,) for the passes that follow."""
        images, labels = self._data
        gather(images, batch, self._images)
        torch.index_select(labels, 0, batch, out=self._labels)

    def forward(self) -> None:
        """Compute the hidden layers."""
        for step in self._forward:
            step()

    def backward(self) -> None:
        """Compute the output layer and the loss, and go back."""
        for step in self._backward:
            step()

    def _output(
        self, layer: nn.Linear, x: Tensor, above: Tensor, softmax_before_loss: bool
    ) -> list[Step]:
        """The output layer, the loss, and the way back to the gradient `above` of `x` (F, N)."""
        weight, bias = layer.weight.detach(), layer.bias.detach()
        logits, gradient = torch.empty_like(self.logits_gradient), self.logits_gradient
        loss = cross_entropy_call(
            logits, self._labels, gradient, self._loss, self._correct,
            softmax_before_loss=softmax_before_loss,
        )  # fmt: skip
        return [
            partial(torch.addmm, bias, x.t(), weight.t(), out=logits),
            loss,
            partial(torch.sum, gradient, 0, out=layer.bias.grad),
            partial(torch.mm, gradient.t(), x.t(), out=layer.weight.grad),
            partial(torch.mm, weight.t(), gradient.t(), out=above),
        ]


class DirectLayer:
    """A hidden layer's arrays, and the steps that go forward and back through it.

    Attributes
    ----------
    source : Tensor, shape (C, H, W, N) or (F, N)
        What it is given.
    weights : Weights
        Its parameters.
    recipe : Recipe
    maps : Maps
        What it makes of a batch.
    gradient : Tensor, shape (O, H', W', N)
        The loss's, by what the convolution or linear map gives.
    """

    def __init__(self, layer: HiddenLayer, x: Tensor) -> None:
        affine, norm, recipe = layer.affine, plain_norm(layer), recipe_of(layer)
        self.recipe = recipe
        of_norm = (norm.weight, norm.bias) if norm else (None, None)
        self._norm = norm
        self.weights = Weights(affine.weight, affine.bias, *of_norm)
        self.source = x.flatten(0, -2) if isinstance(affine, nn.Linear) else x
        shape = shape_of(self.source, affine.weight, recipe.padding)
        self._layout = Layout(shape, recipe, frozen=norm is not None and not norm.training)
        running = (norm.running_mean, norm.running_var) if norm else (None, None)
        self.maps = room_for(self._layout, x, *running)
        self.gradient = torch.empty_like(self.maps.y)

    def forward(self) -> list[Step]:
        """Compute the layer, and move its running statistics."""
        steps: list[Step] = [forward_call(self.source, self.weights, self.maps, self._layout)]
        if self._norm is not None and not self._layout.frozen:
            mean, variance = self.maps.mean, self.maps.variance
            assert mean is not None
            assert variance is not None
            count = self.maps.y[0].numel()
            steps.append(partial(update_running_statistics, self._norm, mean, variance, count))
        return steps

    def backward(self, above: Tensor, below: Tensor | None) -> list[Step]:
        """Go from the gradient of what the layer gives to that of its source, if it is wanted."""
        steps: list[Step] = []
        padded, padding = self.source, self.recipe.padding
        if padding:
            channels, height, width, examples = padded.shape
            padded = padded.new_zeros(channels, height + 2 * padding, width + 2 * padding, examples)
            within = slice(padding, -padding)
            steps.append(partial(padded[:, within, within].copy_, self.source))
        room, weight = self.gradient, self.weights.weight
        assert weight.grad is not None
        others = [None if other is None else other.grad for other in self.weights[1:]]
        gradients = Weights(weight.grad, *others)
        if gradients.bias is None:  # it is summed all the same
            gradients = gradients._replace(bias=room.new_empty(len(room)))
        steps.append(
            backward_call(
                padded, self.weights, self.maps, above, room, gradients, below, self._layout
            )
        )
        if self.source.dim() == 2:
            steps.append(partial(torch.mm, room.flatten(1), self.source.t(), out=weight.grad))
        return steps
